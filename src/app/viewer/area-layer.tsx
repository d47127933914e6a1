/** Drawing the area to segment: two corners of a rectangle, or the corners of a polygon. */
import { useEffect, useRef, useState } from 'react';
import type { AreaDrawing, Polygon } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { apply } from './affine.ts';
import type { Point } from './affine.ts';
import type { SlideView } from './slide-view.ts';

/** CSS pixels that an arrow key moves the cross; with Shift one. */
const step = 10;
const arrows: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The corners of what is drawn: of a rectangle all four. */
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
  const drawing = useApp((state) => state.drawing);
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
  /** Where the keyboard's cross is, CSS pixels of the view; null until an arrow key is pressed. */
  const [cross, setCross] = useState<Point | null>(null);

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

  // The view's own clicks, so that dragging still moves the slide and the wheel still zooms it.
  useEffect(() => view.onClick(place));
  useEffect(() => bar.current?.focus(), []);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const arrow = arrows[event.key];
    if (event.key === 'Escape') cancel();
    else if (event.target !== event.currentTarget) return;
    else if (arrow !== undefined) {
      const by = event.shiftKey ? 1 : step;
      const { width, height } = svg.current?.getBoundingClientRect() ?? { width: 0, height: 0 };
      const from = cross ?? { x: width / 2, y: height / 2 };
      setCross({
        x: Math.min(width, Math.max(0, from.x + arrow.x * by)),
        y: Math.min(height, Math.max(0, from.y + arrow.y * by)),
      });
    } else if (event.key === ' ' && cross !== null) place(cross.x, cross.y);
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
      <div
        className="known-length"
        ref={bar}
        role="group"
        aria-label="Area to segment"
        tabIndex={-1}
        data-testid="area-tool"
        onKeyDown={onKeyDown}
      >
        <span role="status">{hintOf(drawing)}</span>
        <span className="faint">Keys: arrows and Space, Backspace takes one back.</span>
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
      </div>
    </>
  );
}

function hintOf({ shape, points }: AreaDrawing): string {
  if (shape === 'rectangle') {
    return points.length === 0 ? 'Click one corner of the rectangle.' : 'Click the opposite corner.';
  }
  return points.length < 3 ? 'Click the corners of the area.' : 'Click more corners, or press Enter.';
}

interface AreaOutlineProps extends AreaToolProps {
  readonly cross: Point | null;
  readonly svg: React.RefObject<SVGSVGElement | null>;
}

/** The outline so far, drawn anew with every frame of the view: without rendering, as that is often. */
function AreaOutline({ view, drawing, cross, svg }: AreaOutlineProps): React.JSX.Element {
  const pointer = useRef<Point | null>(null);
  const path = useRef<SVGPathElement>(null);
  const casing = useRef<SVGPathElement>(null);

  useEffect(() => {
    const draw = (): void => {
      const transform = view.transform();
      if (transform === null) return;
      const free = cross ?? pointer.current;
      const next = free === null || drawing.points.length === 0 ? null : view.level0At(free.x, free.y);
      const shown = next === null ? drawing : { ...drawing, points: [...drawing.points, next] };
      const corners = cornersOf(shown).map(([x, y]) => apply(transform, x, y));
      const marks = [...(corners.length === 1 ? corners : []), ...(cross === null ? [] : [cross])];
      const d = [
        ...(corners.length > 1 ? [`M${corners.map(({ x, y }) => `${x} ${y}`).join('L')}Z`] : []),
        ...marks.map(({ x, y }) => `M${x - 9} ${y}h18M${x} ${y - 9}v18`),
      ].join('');
      path.current?.setAttribute('d', d);
      casing.current?.setAttribute('d', d);
    };
    draw();
    const pane = svg.current?.parentElement ?? null;
    const follow = (event: PointerEvent): void => {
      const box = svg.current?.getBoundingClientRect();
      if (box === undefined) return;
      pointer.current = { x: event.clientX - box.left, y: event.clientY - box.top };
      draw();
    };
    pane?.addEventListener('pointermove', follow);
    const end = view.onFrame(draw);
    return () => {
      pane?.removeEventListener('pointermove', follow);
      end();
    };
  }, [view, drawing, cross, svg]);

  return (
    <svg className="known-length-line" ref={svg} aria-hidden data-testid="area-outline">
      <path ref={casing} className="casing" />
      <path ref={path} />
    </svg>
  );
}
