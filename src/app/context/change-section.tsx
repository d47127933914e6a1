/** The section of a layer of what the context changed: how much, and from which class to which. */
import { useState } from 'react';
import type { ContextChange } from '../../evaluation/context-change.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatArea, formatCount, formatShare } from '../format.ts';
import { ClassSwatch } from '../overlay/class-swatch.tsx';
import type { PaletteClass } from '../overlay/class-palette.ts';
import { PanelSection } from '../panels/section.tsx';
import { useLayerContent, useMapVersion } from '../session/use-layer.ts';
import { activeModel, activePaneOf } from '../state/state.ts';
import { ExtentChoice, MisfitNote, shortName } from '../truth/figures-section.tsx';
import { hasRegion } from '../truth/figures-request.ts';
import type { Figures, FiguresExtent } from '../truth/figures-session.ts';
import { useFigures } from '../truth/use-figures.ts';
import { useApp } from '../workbench-context.ts';
import { changeLook } from './change-style.ts';
import { contextRefusal, contextTitle } from './context-pass.ts';
import { tip } from '../frame/tip.ts';

export function ChangeSection(): React.JSX.Element | null {
  const { layer } = useApp(activePaneOf);
  const model = useApp(activeModel);
  if (layer.kind !== 'context' || model === null) return null;
  const refusal = contextRefusal(model);
  return (
    <PanelSection title={contextTitle} testId="change-section">
      {refusal === null ? <Changes /> : <p className="hint">{refusal} Choose another layer.</p>}
    </PanelSection>
  );
}

function Changes(): React.JSX.Element {
  const { layer } = useApp(activePaneOf);
  const content = useLayerContent(layer);
  const region = useApp(hasRegion);
  const [wanted, setExtent] = useState<FiguresExtent>('slide');
  const extent = wanted === 'region' && !region ? 'slide' : wanted;
  const figures = useFigures(extent);
  useMapVersion(content?.map ?? null);
  const classes = content?.change?.withContext.classes ?? [];
  const isEmpty = (content?.map.size ?? 0) === 0;
  return (
    <>
      <ExtentChoice value={extent} region={region} onChange={setExtent} />
      {isEmpty ? (
        <>
          <p className="hint">Segments twice, with and without context, and shows where the class differs.</p>
          <CommandButton id="segment.visible" label="Segment visible area" className="wide" icon={<></>} />
        </>
      ) : (
        figures?.change !== undefined && (
          <ChangeFigures figures={figures} change={figures.change} classes={classes} />
        )
      )}
    </>
  );
}

interface ChangeFiguresProps {
  readonly figures: Figures;
  readonly change: ContextChange;
  /** Of the model. */
  readonly classes: readonly PaletteClass[];
}

function ChangeFigures({ figures, change, classes }: ChangeFiguresProps): React.JSX.Element {
  const { compared, share } = change;
  if (compared === 0) return <p className="hint">Nothing segmented here by both passes yet.</p>;
  const amount =
    figures.segmentedMm2 === null
      ? `${formatCount(Math.round(compared))} px`
      : formatArea(figures.segmentedMm2 * 1e6);
  return (
    <>
      <MisfitNote />
      <p data-testid="change-summary">
        The context changed the class of <strong>{formatShare(share)}</strong> of {amount}
        {figures.tissueMm2 === null ? '' : ' of tissue'}.
      </p>
      <ChangeList figures={figures} change={change} classes={classes} />
      <ChangeMatrix change={change} classes={classes} />
      <p className="hint">Rows: without context. Columns: with. Cells: % of segmented tissue.</p>
    </>
  );
}

/** Pairs of classes that occur, largest first. */
function ChangeList({ figures, change, classes }: ChangeFiguresProps): React.JSX.Element {
  const { overlay } = useApp(activePaneOf);
  const pairs = change.matrix
    .flatMap((row, without) => row.map((pixels, withContext) => ({ without, withContext, pixels })))
    .filter(({ without, withContext, pixels }) => without !== withContext && pixels > 0)
    .sort((one, other) => other.pixels - one.pixels);
  if (pairs.length === 0) return <p className="hint">Every class stays as it is without context.</p>;
  return (
    <>
      <ul className="legend" data-testid="changes">
        {pairs.map(({ without, withContext, pixels }) => {
          const look = changeLook(without, withContext, classes, overlay);
          const share = pixels / change.compared;
          return (
            <li key={look.title} className="legend-line">
              <span className="legend-row">
                <ClassSwatch colour={look.colour} hatch={look.hatch} hatchColour={look.hatchColour} />
                <span className="legend-name">{look.title}</span>
              </span>
              <span className="figure">
                {figures.segmentedMm2 !== null && (
                  <span>{formatArea(share * figures.segmentedMm2 * 1e6)}</span>
                )}
                <span className="share">{formatShare(share)}</span>
              </span>
            </li>
          );
        })}
      </ul>
      <p className="hint">Hatch: without context; fill: with. Unchanged tissue is bare.</p>
    </>
  );
}

function ChangeMatrix({
  change: { matrix, compared },
  classes,
}: Omit<ChangeFiguresProps, 'figures'>): React.JSX.Element {
  return (
    <table className="figures-table confusion change-matrix" data-testid="change-matrix">
      <caption className="visually-hidden">Classes without context and with it</caption>
      <thead>
        <tr>
          <th scope="col">Without</th>
          {classes.map(({ name }) => (
            <th key={name} scope="col" {...tip(`${name} with context`)}>
              {shortName(name)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {matrix.map((row, without) => {
          const name = classes[without]?.name ?? '';
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              {row.map((pixels, withContext) => {
                const share = pixels / compared;
                const changes = without !== withContext;
                const tint = changes && pixels > 0 ? Math.round(12 + 45 * share) : 0;
                const other = classes[withContext]?.name ?? '';
                return (
                  <td
                    key={other}
                    {...tip(`${name} without context, ${other} with: ${formatShare(share)}`)}
                    className={changes ? undefined : 'faint'}
                    style={{ background: `color-mix(in srgb, var(--accent) ${tint}%, transparent)` }}
                  >
                    {pixels === 0 ? '' : shareText(share)}
                  </td>
                );
              })}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Per cent without the sign. */
function shareText(share: number): string {
  return share < 5e-4 ? '<0.1' : (100 * share).toFixed(1);
}
