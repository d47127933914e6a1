/** Speed of the current or last run, and where its time goes. */
import { tip } from '../frame/tip.ts';
import type { PeakMemory, StageTimes } from '../../segment/run-progress.ts';
import { overlapOf } from '../../worker/segment-client.ts';
import { formatBytes, formatDuration, formatRate } from '../format.ts';
import { activeModel, currentMpp } from '../state/state.ts';
import type { RunOutcome, RunState } from '../state/run-state.ts';
import type { AppState } from '../state/state.ts';
import { useApp } from '../workbench-context.ts';
import { FactList, PanelSection } from './section.tsx';

interface Figures {
  /** Slices that were computed, without those restored from storage. */
  readonly slices: number;
  readonly seconds: number;
  readonly stages: StageTimes;
  readonly memory: PeakMemory | null;
}

export function StatisticsSection(): React.JSX.Element | null {
  const run = useApp((state) => state.run);
  const last = useApp((state) => state.lastRun);
  const backend = useApp((state) => state.backend);
  const field = useApp(sliceField);
  const modelId = useApp((state) => activeModel(state)?.id ?? null);
  const figures = run === null ? ofOutcome(last, modelId) : ofRun(run, modelId);
  const together = (run ?? last)?.models.length ?? 0;
  if (figures === null || figures.slices === 0 || figures.seconds <= 0) return null;
  const { slices, seconds, stages, memory } = figures;
  const rate = slices / seconds;
  return (
    <PanelSection title={run === null ? 'Last run' : 'This run'} testId="statistics-section">
      <FactList
        rows={[
          ['Time', formatDuration(seconds)],
          ['Rate', `${formatRate(rate)} slices/s`],
          ...(field === null
            ? []
            : ([
                ['Area', `${(rate * field.mm2).toPrecision(2)} mm²/s`],
                ['Pixels', `${((rate * field.pixels) / 1e6).toPrecision(2)} Mpx/s`],
              ] as const)),
          ...memoryRows(memory),
          ...(backend.kind === 'ready'
            ? ([['Backend', `${backend.report.name}, ${backend.report.device}`]] as const)
            : []),
        ]}
      />
      {together > 1 && (
        <p className="hint">Active pane’s model. It shared the device with {together - 1} more.</p>
      )}
      <Stages stages={stages} slices={slices} />
    </PanelSection>
  );
}

/** The active pane's model if it took part, else the first one. */
function ofModel<T extends { readonly modelId: string }>(
  models: readonly T[],
  modelId: string | null,
): T | undefined {
  return models.find((model) => model.modelId === modelId) ?? models[0];
}

function ofOutcome(outcome: RunOutcome | null, modelId: string | null): Figures | null {
  const own = outcome === null ? undefined : ofModel(outcome.models, modelId);
  return own === undefined ? null : { ...own, slices: own.slices - own.restored };
}

function ofRun(run: RunState, modelId: string | null): Figures | null {
  const statistics = ofModel(run.models, modelId)?.statistics ?? null;
  return statistics === null ? null : { ...statistics, slices: statistics.computed };
}

const stageNames = [
  ['readMs', 'Read', 'Load tile data'],
  ['decodeMs', 'Decode', 'Decode JPEG or JPEG 2000'],
  ['preprocessMs', 'Preprocess', "Resize to the network's input"],
  ['encodeMs', 'Context', 'Encode context, once per region'],
  ['inferMs', 'Infer', 'Run the network and read back'],
  ['stitchMs', 'Stitch', 'Blend with neighbouring slices'],
  ['waitMs', 'Waiting', 'Network idle, waiting for input'],
] as const;

/** Milliseconds per slice of each stage, with a bar for comparison. */
function Stages({ stages, slices }: { readonly stages: StageTimes; readonly slices: number }) {
  const longest = Math.max(...stageNames.map(([key]) => stages[key]), 1e-9);
  return (
    <table className="stages" data-testid="stages">
      <caption>ms per slice; stages overlap.</caption>
      <tbody>
        {stageNames.map(([key, name, hint]) => (
          <tr key={key} {...tip(hint)}>
            <th scope="row">{name}</th>
            <td>{(stages[key] / slices).toFixed(1)}</td>
            <td aria-hidden>
              <span className="stage-bar" style={{ transform: `scaleX(${stages[key] / longest})` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function memoryRows(memory: PeakMemory | null): (readonly [string, string])[] {
  if (memory === null) return [];
  const { peakHeapBytes, peakTensorBytes } = memory;
  const heap = peakHeapBytes === null ? '' : `, heap ${formatBytes(peakHeapBytes)}`;
  return [['Memory', `tensors ${formatBytes(peakTensorBytes)}${heap} (peak)`]];
}

/** Area that one slice adds to the map, in mm² and level-0 pixels; null without resolution or model. */
function sliceField(state: AppState): { readonly mm2: number; readonly pixels: number } | null {
  const model = activeModel(state);
  const mpp = currentMpp(state.slide);
  if (model === null || mpp === null) return null;
  // Without the overlap with its neighbours.
  const side = model.manifest.slice.fieldUm * (1 - overlapOf(state.preferences.quality));
  return fieldOf(side, mpp.x, mpp.y);
}

/** Cached, because selector results are compared by identity. */
const fields = new Map<string, { readonly mm2: number; readonly pixels: number }>();

function fieldOf(fieldUm: number, mppX: number, mppY: number): { mm2: number; pixels: number } {
  const key = `${fieldUm}/${mppX}/${mppY}`;
  const known = fields.get(key);
  if (known !== undefined) return known;
  const field = { mm2: (fieldUm / 1000) ** 2, pixels: (fieldUm / mppX) * (fieldUm / mppY) };
  fields.set(key, field);
  return field;
}
