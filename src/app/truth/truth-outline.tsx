/**
 * Outlines of the ground truth over any layer: white dashes on a dark line, in no class's colour, so that nobody takes
 * them for a prediction. Off until asked for.
 */
import { useMemo, useRef, useSyncExternalStore } from 'react';
import type { ClassPolygon } from '../../annotation/rasterise.ts';
import { annotateOf } from '../state/state.ts';
import type { PaneState } from '../state/state.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { useSlideTransform } from '../viewer/use-slide-transform.ts';

export interface TruthOutlineProps {
  readonly view: SlideView;
  readonly paneId: string;
}

export function TruthOutline({ view, paneId }: TruthOutlineProps): React.JSX.Element | null {
  const { annotations } = useWorkbench();
  const truth = useSyncExternalStore(annotations.subscribe, () => annotations.truth());
  const shown = useApp((state) => annotateOf(state).truthOutline);
  const pane = useApp((state) => state.panes.find(({ id }) => id === paneId));
  const group = useRef<SVGGElement>(null);
  const outline = useMemo(() => (truth === null ? '' : truth.areas.map(pathOf).join('')), [truth]);
  const visible = shown && truth !== null && showsOutline(pane);
  useSlideTransform(view, group, visible);
  if (!visible) return null;
  return (
    <svg className="annotation-shapes truth-outline" aria-hidden data-testid={`truth-outline-${paneId}`}>
      <g ref={group}>
        <path className="casing" d={outline} />
        <path className="line" d={outline} />
      </g>
    </svg>
  );
}

/** Whether a pane shows truth outlines. The truth layer draws its own. */
function showsOutline(pane: PaneState | undefined): boolean {
  return pane !== undefined && pane.overlay.visible && pane.layer.kind !== 'truth';
}

function pathOf({ outer, holes = [] }: ClassPolygon): string {
  return [outer, ...holes]
    .map((ring) => {
      let text = '';
      for (let i = 0; i + 1 < ring.length; i += 2) {
        text += `${i === 0 ? 'M' : 'L'}${ring[i] ?? 0} ${ring[i + 1] ?? 0}`;
      }
      return `${text}Z`;
    })
    .join('');
}
