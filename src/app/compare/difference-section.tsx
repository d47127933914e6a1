/** The Difference section: how much two layers disagree, in which way, and where, largest first. */
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { formatArea, formatCount, formatShare } from '../format.ts';
import { ClassSwatch } from '../overlay/class-swatch.tsx';
import { useMapVersion } from '../session/use-layer.ts';
import { activePaneOf, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { PanelSection } from '../panels/section.tsx';
import { agreed } from './difference.ts';
import { lookOf } from './difference-style.ts';
import type { DifferenceState } from './difference-session.ts';

/** Most spots that are listed. The smallest are class borders, one pixel wide. */
const maxListed = 200;

export function DifferenceSection(): React.JSX.Element | null {
  const { difference } = useWorkbench();
  const state = useSyncExternalStore(difference.subscribe, difference.get);
  const shown = useApp(({ compare }) => compare.view === 'difference');
  const hasVotes = useApp(({ compare, panes }) =>
    [panes[0]?.layer, compare.second].some((layer) => layer?.kind === 'votes'),
  );
  if (!shown) return null;
  return (
    <PanelSection title="Difference" testId="difference-section">
      {state === null ? (
        <p className="hint">
          {hasVotes
            ? 'Agreement of models has no classes to compare. Choose two models, or a model and ground truth.'
            : 'Choose two layers. Load ground truth to compare with it.'}
        </p>
      ) : (
        <DifferenceFigures state={state} />
      )}
    </PanelSection>
  );
}

function DifferenceFigures({ state }: { readonly state: DifferenceState }): React.JSX.Element {
  const { difference } = useWorkbench();
  const { overlay } = useApp(activePaneOf);
  const mpp = useApp((app) => currentMpp(app.slide));
  const { layer, disagreements, current } = state;
  const { map, transitions } = layer;
  useMapVersion(map);
  const areas = transitions.map((_, index) => map.areaOf(index + 1));
  const disagreed = areas.reduce((sum, area) => sum + area, 0);
  const compared = disagreed + map.areaOf(agreed);
  if (compared === 0) {
    return <p className="hint">Nothing to compare yet. Both layers need results in the same area.</p>;
  }
  const um2 = mpp === null ? null : mpp.x * mpp.y;
  const areaText = (area: number): string =>
    um2 === null ? `${formatCount(Math.round(area))} px` : formatArea(area * um2);
  const rows = transitions
    .map((transition, index) => ({ look: lookOf(transition, layer, overlay), area: areas[index] ?? 0 }))
    .sort((one, other) => other.area - one.area);
  return (
    <>
      <p data-testid="difference-summary">
        Same class: <strong>{formatShare((compared - disagreed) / compared)}</strong> of {areaText(compared)}{' '}
        compared
      </p>
      <p className="hint">
        {layer.first.title} → {layer.second.title}. Hatch: first; fill: second.
      </p>
      <ul className="legend" data-testid="transitions">
        {rows.map(({ look, area }) => (
          <li key={look.title} className="legend-line">
            <span className="legend-row">
              <ClassSwatch colour={look.colour} hatch={look.hatch} hatchColour={look.hatchColour} />
              <span className="legend-name">{look.title}</span>
            </span>
            <span className="figure">
              <span>{areaText(area)}</span>
              <span className="share">{formatShare(area / compared)}</span>
            </span>
          </li>
        ))}
      </ul>
      <div className="spots-head">
        <h3>
          {formatCount(disagreements.length)} {disagreements.length === 1 ? 'spot' : 'spots'}
        </h3>
        <CommandButton id="difference.previous" icon={<ChevronLeft size={14} aria-hidden />} />
        <CommandButton id="difference.next" icon={<ChevronRight size={14} aria-hidden />} />
      </div>
      <ol className="spots" data-testid="spots">
        {disagreements.slice(0, maxListed).map((spot, index) => {
          const transition = transitions[spot.code - 1];
          if (transition === undefined) return null;
          const look = lookOf(transition, layer, overlay);
          return (
            <li key={`${spot.x},${spot.y}`}>
              <button
                type="button"
                className="spot"
                aria-current={index === current}
                onClick={() => difference.show(index)}
              >
                <ClassSwatch colour={look.colour} hatch={look.hatch} hatchColour={look.hatchColour} />
                <span className="legend-name">{look.title}</span>
                <span className="figure">{areaText(spot.area)}</span>
              </button>
            </li>
          );
        })}
      </ol>
      {disagreements.length > maxListed && <p className="hint">Only the {maxListed} largest are listed.</p>}
    </>
  );
}
