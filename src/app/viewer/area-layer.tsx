/** The tool that draws the area to segment: two corners of a rectangle, or the corners of a polygon. */
import { useCallback, useEffect, useRef } from 'react';
import { simplifyLine } from '../annotate/annotation.ts';
import type { AreaDrawing, Polygon } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { apply } from './affine.ts';
import type { Affine, Point } from './affine.ts';
import { crossAt, Sketch, SketchBar, useKeyboardCross } from './sketch.tsx';
import type { SlideView } from './slide-view.ts';
import { usePressDrag } from './use-press-drag.ts';

/** Tolerance for simplifying lines drawn by dragging, CSS pixels. */
const tolerancePx = 0.75;

/** The corners of the drawing; all four of a rectangle. */
export function cornersOf({ shape, points }: AreaDrawing): Polygon {
  const [first, second] = points;
  if (shape === 'polygon' || first === undefined || second === undefined) {
    return points.map(({ x, y }) => [x, y]);
  }
  return [
    [first.x, first.y],
    [second.x, first.y],
    [second.x, second.y],
    [first.x, second.y],
  ];
}

export function AreaLayer({ view }: { readonly view: SlideView }): React.JSX.Element | null {
  const drawing = useApp((state) => state.slide?.drawing ?? null);
  return drawing === null ? null : <AreaTool view={view} drawing={drawing} />;
}

interface AreaToolProps {
  readonly view: SlideView;
  readonly drawing: AreaDrawing;
}

function AreaTool({ view, drawing }: AreaToolProps): React.JSX.Element {
  const { store, segmentation } = useWorkbench();
  const { shape, points } = drawing;
  const bar = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const { cross, move } = useKeyboardCross(svg);

  const cancel = (): void => store.dispatch({ type: 'drawing', drawing: null });
  const finish = (done: AreaDrawing): void => {
    store.dispatch({ type: 'area', area: cornersOf(done) });
    void segmentation.segment('area');
  };
  const place = (x: number, y: number): void => {
    const at = view.level0At(x, y);
    if (at === null) return;
    const next = { ...drawing, points: [...points, at] };
    if (shape === 'rectangle' && next.points.length === 2) finish(next);
    else store.dispatch({ type: 'drawing', drawing: next });
  };
  const canFinish = shape === 'polygon' && points.length >= 3;

  // Taps; presses of mouse and pen do not reach the viewer.
  useEffect(() => view.onClick(place));
  const drawn = useRef<readonly Point[]>([]);
  usePressDrag(view, svg, bar, true, {
    click: place,
    drag: (from, to, isFirst) => {
      if (shape === 'rectangle') {
        if (isFirst) store.dispatch({ type: 'drawing', drawing: { ...drawing, points: [from] } });
        return;
      }
      drawn.current = isFirst ? [...points, from, to] : [...drawn.current, to];
      store.dispatch({ type: 'drawing', drawing: { ...drawing, points: drawn.current } });
    },
    release: (from, to) => {
      if (shape === 'rectangle') return finish({ ...drawing, points: [from, to] });
      const line = simplifyLine(drawn.current, tolerancePx / (view.scale() ?? 1));
      if (line.length >= 3) finish({ ...drawing, points: line });
      else store.dispatch({ type: 'drawing', drawing: { ...drawing, points: line } });
    },
  });
  useEffect(() => bar.current?.focus(), []);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape') cancel();
    else if (event.target !== event.currentTarget || move(event)) return;
    else if (event.key === ' ' && cross !== null) place(cross.x, cross.y);
    else if (event.key === 'Enter' && canFinish) finish(drawing);
    else if (event.key === 'Enter' && cross !== null) place(cross.x, cross.y);
    else if (event.key === 'Backspace') {
      store.dispatch({ type: 'drawing', drawing: { ...drawing, points: points.slice(0, -1) } });
    } else return;
    event.preventDefault();
  };

  return (
    <>
      <AreaOutline view={view} drawing={drawing} cross={cross} svg={svg} />
      <SketchBar label="Area to segment" bar={bar} testId="area-tool" onKeyDown={onKeyDown}>
        <span role="status">{hintOf(drawing)}</span>
        <span className="faint">Keys: arrows, Space, Backspace. Alt+drag pans</span>
        {shape === 'polygon' && (
          <button
            type="button"
            className="button small primary"
            disabled={!canFinish}
            onClick={() => finish(drawing)}
          >
            Segment
          </button>
        )}
        <button type="button" className="button small" onClick={cancel}>
          Cancel
        </button>
      </SketchBar>
    </>
  );
}

function hintOf({ shape, points }: AreaDrawing): string {
  if (shape === 'rectangle') {
    return points.length === 0 ? 'Drag a rectangle, or click its corners.' : 'Click the opposite corner.';
  }
  return points.length < 3
    ? 'Drag around the area, or click its corners.'
    : 'Click more corners, or press Enter.';
}

interface AreaOutlineProps extends AreaToolProps {
  readonly cross: Point | null;
  readonly svg: React.RefObject<SVGSVGElement | null>;
}

/** The outline so far, with its next corner at the keyboard cross or the mouse. */
function AreaOutline({ view, drawing, cross, svg }: AreaOutlineProps): React.JSX.Element {
  const pathOf = useCallback(
    (transform: Affine, pointer: Point | null): string => {
      const free = cross ?? pointer;
      const next = free === null || drawing.points.length === 0 ? null : view.level0At(free.x, free.y);
      const shown = next === null ? drawing : { ...drawing, points: [...drawing.points, next] };
      const corners = cornersOf(shown).map(([x, y]) => apply(transform, x, y));
      const marks = [...(corners.length === 1 ? corners : []), ...(cross === null ? [] : [cross])];
      return [
        ...(corners.length > 1 ? [`M${corners.map(({ x, y }) => `${x} ${y}`).join('L')}Z`] : []),
        ...marks.map(crossAt),
      ].join('');
    },
    [view, drawing, cross],
  );
  return <Sketch view={view} svg={svg} testId="area-outline" pathOf={pathOf} />;
}
