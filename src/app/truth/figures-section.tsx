/** The Measurements section: areas per class, and agreement with the ground truth. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { formatArea, formatFraction, formatShare } from '../format.ts';
import { Choice } from '../panels/layer-section.tsx';
import { FactList, PanelSection } from '../panels/section.tsx';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { areaSentence } from './area-sentence.ts';
import type { Figures, FiguresExtent, TruthComparison } from './figures-session.ts';
import { figuresRequest, hasRegion } from './figures-request.ts';
import type { TissueMask } from '../../segment/tissue.ts';
import { selectedAnnotation } from '../annotate/annotate-state.ts';
import { isAbort } from '../../base/abort.ts';
import { useLayerContent, useMapVersion } from '../session/use-layer.ts';
import { activeModel, activePaneOf, annotateOf, currentMpp } from '../state/state.ts';

const extents = { slide: 'Slide', view: 'Visible area', region: 'Selected region' } as const;

export function FiguresSection(): React.JSX.Element {
  const [wanted, setExtent] = useState<FiguresExtent>('slide');
  const region = useApp(hasRegion);
  const hasTruth = useApp((state) => annotateOf(state).truth !== null);
  const extent = wanted === 'region' && !region ? 'slide' : wanted;
  const figures = useFigures(extent);
  return (
    <PanelSection title="Measurements" testId="figures-section">
      <Choice
        label="Area"
        value={extent}
        testId="figures-extent"
        onChange={(value) => setExtent(value as FiguresExtent)}
        options={(['slide', 'view', ...(region ? ['region' as const] : [])] as const).map((id) => [
          id,
          extents[id],
        ])}
      />
      {figures === null || figures.segmentedMm2 === 0 ? (
        <p className="hint">Nothing segmented here yet.</p>
      ) : (
        <>
          <Areas figures={figures} />
          <TruthAgreement figures={figures} />
        </>
      )}
      {!hasTruth && (
        <CommandButton id="truth.load" label="Load ground truth to compare…" className="wide" icon={<></>} />
      )}
    </PanelSection>
  );
}

function Areas({ figures }: { readonly figures: Figures }): React.JSX.Element {
  const { classes } = figures;
  return (
    <>
      <table className="figures-table" data-testid="area-table">
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">Area</th>
            <th scope="col">% of tissue</th>
          </tr>
        </thead>
        <tbody>
          {classes.map(({ name, mm2, shareOfTissue }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{mm2 === null ? '' : formatArea(mm2 * 1e6)}</td>
              <td>{shareOfTissue === null ? '' : formatShare(shareOfTissue)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="hint">
        {areaSentence(figures, 'in this area') ?? 'Set the slide resolution to get areas.'}
      </p>
    </>
  );
}

function TruthAgreement({ figures }: { readonly figures: Figures }): React.JSX.Element | null {
  const { annotations } = useWorkbench();
  const { comparison, otherClasses } = figures;
  if (otherClasses) {
    return (
      <>
        <p className="hint">Ground truth uses the classes of another model.</p>
        <button type="button" className="button small" onClick={() => annotations.matchActiveModel()}>
          Use this model’s classes
        </button>
      </>
    );
  }
  if (comparison === null) return null;
  const { miou, accuracy, score } = comparison.metrics;
  const figure = (value: number | null): string => (value === null ? 'not defined' : formatFraction(value));
  return (
    <div className="comparison" data-testid="comparison">
      <h3>Agreement with ground truth</h3>
      <FactList
        rows={[
          ['Mean IoU', figure(miou)],
          ['Accuracy', figure(accuracy)],
          ['BACH score', figure(score)],
          ['Area', comparison.mm2 === null ? '' : formatArea(comparison.mm2 * 1e6)],
        ]}
      />
      <Confusion comparison={comparison} names={figures.classes.map(({ name }) => name)} />
      <p className="hint">Rows: truth. Cells: % of row.</p>
    </div>
  );
}

interface ConfusionProps {
  readonly comparison: TruthComparison;
  readonly names: readonly string[];
}

function Confusion({ comparison, names }: ConfusionProps): React.JSX.Element {
  const { confusion, metrics } = comparison;
  const { classes, counts } = confusion;
  const cell = (truth: number, predicted: number): number => counts[truth * classes + predicted] ?? 0;
  return (
    <table className="figures-table confusion" data-testid="confusion">
      <caption className="visually-hidden">Confusion matrix and IoU per class</caption>
      <thead>
        <tr>
          <th scope="col">Truth</th>
          {names.map((name) => (
            <th key={name} scope="col" title={`Predicted as ${name}`}>
              {shortName(name)}
            </th>
          ))}
          <th scope="col">IoU</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name, truth) => {
          const all = names.reduce((sum, _name, predicted) => sum + cell(truth, predicted), 0);
          const iou = metrics.iou[truth] ?? null;
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              {names.map((other, predicted) => {
                const share = all === 0 ? 0 : cell(truth, predicted) / all;
                return (
                  <td
                    key={other}
                    title={`${name} predicted as ${other}: ${formatShare(share)}`}
                    style={{
                      background: `color-mix(in srgb, var(--accent) ${Math.round(share * 45)}%, transparent)`,
                    }}
                  >
                    {all === 0 ? '' : Math.round(share * 100)}
                  </td>
                );
              })}
              <td className="iou">{iou === null ? '' : formatFraction(iou)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The first three letters, for narrow columns; rows carry the full name. */
function shortName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}]/gu, '').slice(0, 3);
}

/** Milliseconds between two updates while slices finish or the view moves. */
const updateInterval = 250;

/** Current measurements; updates when slices finish, the view moves, or truth or area change. null while there are none. */
export function useFigures(extent: FiguresExtent): Figures | null {
  const workbench = useWorkbench();
  const layer = useApp((state) => activePaneOf(state).layer);
  const content = useLayerContent(layer);
  const version = useMapVersion(content?.map ?? null);
  const truth = useSyncExternalStore(workbench.annotations.subscribe, () => workbench.annotations.truth());
  const tissue = useTissue();
  const selected = useApp((state) => selectedAnnotation(annotateOf(state)));
  const area = useApp((state) => state.slide?.area ?? null);
  const mpp = useApp((state) => currentMpp(state.slide)?.x ?? null);
  const frame = useSettledFrame(extent === 'view');
  const [figures, setFigures] = useState<Figures | null>(null);

  useEffect(() => {
    const controller = new AbortController();
    const timer = window.setTimeout(() => {
      const request = figuresRequest(workbench, extent, tissue);
      if (request === null) return setFigures(null);
      workbench.figures.compute(request, controller.signal).then(setFigures, (error: unknown) => {
        if (!isAbort(error)) throw error;
      });
    }, updateInterval);
    return () => {
      window.clearTimeout(timer);
      controller.abort();
    };
  }, [workbench, extent, content, version, truth, tissue, selected, area, mpp, frame]);
  // Until the new ones arrive, show none rather than those of another layer or area.
  return figures?.extent === extent && figures.title === content?.title ? figures : null;
}

/** Tissue mask of the open slide, for the active model's grid. */
function useTissue(): TissueMask | null {
  const { engine } = useWorkbench();
  const slideId = useApp((state) => state.slide?.slideId ?? null);
  const mpp = useApp((state) => currentMpp(state.slide)?.x ?? null);
  const model = useApp((state) => activeModel(state)?.id ?? null);
  const ready = useApp((state) => state.backend.kind === 'ready');
  const [known, setKnown] = useState<{ key: string; mask: TissueMask | null } | null>(null);
  const key = [slideId, mpp, model].join('/');
  useEffect(() => {
    if (!ready || slideId === null || mpp === null || model === null) return;
    let current = true;
    void engine.tissue().then((mask) => {
      if (current) setKnown({ key, mask });
    });
    return () => {
      current = false;
    };
  }, [engine, key, ready, slideId, mpp, model]);
  return known?.key === key ? known.mask : null;
}

/** A counter that grows each time the active view comes to rest. @param wanted whether to follow the view */
function useSettledFrame(wanted: boolean): number {
  const workbench = useWorkbench();
  const [frame, setFrame] = useState(0);
  useEffect(() => {
    if (!wanted) return;
    let timer: number | null = null;
    let last = '';
    const end = workbench.onActiveFrame(() => {
      const now = JSON.stringify(workbench.activeView()?.transform());
      if (now === last) return;
      last = now;
      if (timer !== null) window.clearTimeout(timer);
      timer = window.setTimeout(() => setFrame((value) => value + 1), updateInterval);
    });
    return () => {
      end();
      if (timer !== null) window.clearTimeout(timer);
    };
  }, [workbench, wanted]);
  return frame;
}
