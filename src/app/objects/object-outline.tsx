/** Outlines of the selected object and of those marked for merging, over any layer; a click on an object selects it. */
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { polygonsOf } from '../../objects/object-shape.ts';
import { toolInHand } from '../state/tools.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { useSlideTransform } from '../viewer/use-slide-transform.ts';

/** Deviation of the outline from the pixels' edges, map pixels: no staircases. */
const outlineTolerance = 1;

interface ObjectOutlineProps {
  readonly view: SlideView;
  readonly paneId: string;
}

export function ObjectOutline({ view, paneId }: ObjectOutlineProps): React.JSX.Element | null {
  const { objects } = useWorkbench();
  const state = useSyncExternalStore(objects.subscribe, objects.get);
  const isActive = useApp((app) => app.activePane === paneId);
  const isFree = useApp(({ slide }) => toolInHand(slide) === null);
  const isOpen = useApp(({ preferences }) => preferences.leftPanel === 'objects') && state !== null;
  useEffect(() => {
    if (!isOpen || !isActive || !isFree) return;
    return view.onClick((x, y) => {
      const at = view.level0At(x, y);
      if (at !== null) objects.selectAt(at.x, at.y);
    });
  }, [view, objects, isOpen, isActive, isFree]);
  const group = useRef<SVGGElement>(null);
  const corrected = state?.corrected;
  const scale = state?.scale;
  const selected = state?.selected ?? null;
  const marked = state?.marked;
  const outlines = useMemo(() => {
    if (corrected === undefined || scale === undefined || marked === undefined) return [];
    return corrected.objects
      .filter(({ key }) => key === selected || marked.has(key))
      .map((object) => ({
        key: object.key,
        isMarked: marked.has(object.key),
        path: polygonsOf(object, scale, outlineTolerance)
          .flatMap(({ outer, holes }) => [outer, ...holes])
          .map(pathOf)
          .join(''),
      }));
  }, [corrected, scale, selected, marked]);
  const isShown = isOpen && outlines.length > 0;
  useSlideTransform(view, group, isShown);
  if (!isShown) return null;
  return (
    <svg className="annotation-shapes object-outline" aria-hidden data-testid={`object-outline-${paneId}`}>
      <g ref={group}>
        {outlines.map(({ key, path, isMarked }) => (
          <g key={key} data-marked={isMarked}>
            <path className="casing" d={path} />
            <path className="line" d={path} />
          </g>
        ))}
      </g>
    </svg>
  );
}

function pathOf(ring: readonly number[]): string {
  let text = '';
  for (let i = 0; i + 1 < ring.length; i += 2) {
    text += `${i === 0 ? 'M' : 'L'}${ring[i] ?? 0} ${ring[i + 1] ?? 0}`;
  }
  return `${text}Z`;
}
