/** Where the time of the last run went. */
import { overlapOf } from '../../worker/segment-client.ts';
import { formatDuration, formatRate } from '../format.ts';
import { activeModel, currentMpp } from '../state/state.ts';
import type { AppState, RunOutcome } from '../state/state.ts';
import { useApp } from '../workbench-context.ts';
import { Facts, Section } from './section.tsx';

export function StatisticsSection(): React.JSX.Element | null {
  const run = useApp((state) => state.lastRun);
  const backend = useApp((state) => state.backend);
  const field = useApp(sliceFieldMm);
  const computed = run === null ? 0 : run.slices - run.restored;
  if (run === null || computed === 0 || run.seconds <= 0) return null;
  const rate = computed / run.seconds;
  return (
    <Section title="Last run" testId="statistics-section">
      <Facts
        rows={[
          ['Time', formatDuration(run.seconds)],
          ['Rate', `${formatRate(rate)} slices/s`],
          ...(field === null
            ? []
            : ([
                ['Area', `${(rate * field.mm2).toPrecision(2)} mm²/s`],
                ['Pixels', `${((rate * field.pixels) / 1e6).toPrecision(2)} Mpx/s`],
              ] as const)),
          ...stageRows(run),
          ...(backend.kind === 'ready' ? ([['Backend', backendText(backend.report)]] as const) : []),
        ]}
      />
    </Section>
  );
}

function backendText({ name, device }: { readonly name: string; readonly device: string }): string {
  return `${name}, ${device}`;
}

function stageRows({ stages }: RunOutcome): (readonly [string, string])[] {
  const rows: readonly (readonly [string, number])[] = [
    ['Reading', stages.readMs],
    ['Waiting', stages.waitMs],
    ['Context', stages.encodeMs],
    ['Network', stages.inferMs],
    ['Stitching', stages.stitchMs],
  ];
  return rows.map(([name, ms]) => [name, `${(ms / 1000).toFixed(1)} s`]);
}

/** The field of a slice, and how many level-0 pixels it covers; null without resolution or model. */
function sliceFieldMm(state: AppState): { readonly mm2: number; readonly pixels: number } | null {
  const model = activeModel(state);
  const mpp = currentMpp(state.slide);
  if (model === null || mpp === null) return null;
  // What a slice adds to the map: its field without what it shares with its neighbours.
  const side = model.manifest.slice.fieldUm * (1 - overlapOf(state.preferences.quality));
  return fieldOf(side, mpp.x, mpp.y);
}

/** Remembered, because a selector's result is compared by identity. */
const fields = new Map<string, { readonly mm2: number; readonly pixels: number }>();

function fieldOf(fieldUm: number, mppX: number, mppY: number): { mm2: number; pixels: number } {
  const key = `${fieldUm}/${mppX}/${mppY}`;
  const known = fields.get(key);
  if (known !== undefined) return known;
  const field = { mm2: (fieldUm / 1000) ** 2, pixels: (fieldUm / mppX) * (fieldUm / mppY) };
  fields.set(key, field);
  return field;
}
