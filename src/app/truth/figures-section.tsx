/** The Measurements section: areas per class, and agreement with the ground truth. */
import { TriangleAlert } from 'lucide-react';
import { useState, useSyncExternalStore } from 'react';
import { tip } from '../frame/tip.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatArea, formatFraction, formatShare } from '../format.ts';
import { Choice } from '../panels/layer-section.tsx';
import { FactList, PanelSection } from '../panels/section.tsx';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { areaSentence } from './area-sentence.ts';
import type { Figures, FiguresExtent, TruthComparison } from './figures-session.ts';
import { hasRegion } from './figures-request.ts';
import { reviewSentence } from '../objects/review-sentence.ts';
import { useFigures } from './use-figures.ts';
import { contentLabel, contentWarning } from '../session/layer-content.ts';
import { useLayerContent } from '../session/use-layer.ts';
import { activePaneOf, annotateOf } from '../state/state.ts';

const extents = { slide: 'Slide', view: 'Visible area', region: 'Selected region' } as const;

export function FiguresSection(): React.JSX.Element | null {
  const [wanted, setExtent] = useState<FiguresExtent>('slide');
  const region = useApp(hasRegion);
  const hasTruth = useApp((state) => annotateOf(state).truth !== null);
  const extent = wanted === 'region' && !region ? 'slide' : wanted;
  const figures = useFigures(extent);
  // What the context changed has a section of its own.
  if (figures?.change !== undefined) return null;
  return (
    <PanelSection title="Measurements" testId="figures-section">
      <ExtentChoice value={extent} region={region} onChange={setExtent} />
      {figures === null || figures.segmentedMm2 === 0 ? (
        <p className="hint">Nothing segmented here yet.</p>
      ) : (
        <>
          <MisfitNote />
          <Areas figures={figures} />
          <ReviewNote />
          <TruthAgreement figures={figures} />
        </>
      )}
      {!hasTruth && (
        <CommandButton id="truth.load" label="Load ground truth to compare…" className="wide" icon={<></>} />
      )}
    </PanelSection>
  );
}

interface ExtentChoiceProps {
  readonly value: FiguresExtent;
  /** Whether there is a region to choose. */
  readonly region: boolean;
  readonly onChange: (extent: FiguresExtent) => void;
}

/** Which area is measured. */
export function ExtentChoice({ value, region, onChange }: ExtentChoiceProps): React.JSX.Element {
  return (
    <Choice
      label="Area"
      value={value}
      testId="figures-extent"
      onChange={(id) => onChange(id as FiguresExtent)}
      options={(['slide', 'view', ...(region ? ['region' as const] : [])] as const).map((id) => [
        id,
        extents[id],
      ])}
    />
  );
}

/** That the figures are of a model that was not trained on such tissue. */
export function MisfitNote(): React.JSX.Element | null {
  const content = useLayerContent(useApp(activePaneOf).layer);
  const label = content === null ? null : contentLabel(content);
  if (label === null || content === null) return null;
  return (
    <p className="warning-text hint" title={contentWarning(content) ?? ''} data-testid="figures-fit">
      <TriangleAlert size={13} aria-hidden /> {label}: do not trust these figures.
    </p>
  );
}

/** How far the review of the layer's objects is. */
function ReviewNote(): React.JSX.Element | null {
  const { objects } = useWorkbench();
  const content = useLayerContent(useApp(activePaneOf).layer);
  const counts = useSyncExternalStore(objects.subscribe, () =>
    content === null ? null : objects.countsOf(content.map),
  );
  if (counts === null || counts.total === counts.left) return null;
  return (
    <p className="hint" data-testid="figures-review">
      {reviewSentence(counts, content?.map === objects.majority)}
    </p>
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
              <td>{formatShare(shareOfTissue)}</td>
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
            <th key={name} scope="col" {...tip(`Predicted as ${name}`)}>
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
                    {...tip(`${name} predicted as ${other}: ${formatShare(share)}`)}
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
export function shortName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}]/gu, '').slice(0, 3);
}
