/** Tools that draw and edit annotations: by mouse, pen or touch, and every one of them by keyboard. */
import { useCallback, useEffect, useRef } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { apply, scaleOf } from '../viewer/affine.ts';
import type { Affine, Point } from '../viewer/affine.ts';
import { crossAt, Sketch, useKeyboardCross } from '../viewer/sketch.tsx';
import type { SlideView } from '../viewer/slide-view.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import {
  annotationAt,
  rectangleRing,
  ringOf,
  simplifyLine,
  vertexAt,
  vertexOf,
  withVertex,
  withVertexAfter,
  withoutVertex,
} from './annotation.ts';
import type { AnnotateAction, AnnotateTool } from './annotate-state.ts';
import { selectedAnnotation } from './annotate-state.ts';

/** CSS pixels within which a corner is met. */
const reachPx = 9;
/** CSS pixels that a freehand line may be simplified by. */
const freehandTolerancePx = 0.75;

interface ToolsProps {
  readonly view: SlideView;
  readonly tool: AnnotateTool;
}

export function AnnotateTools({ view, tool }: ToolsProps): React.JSX.Element {
  const { store, annotations: session } = useWorkbench();
  const { draft, annotations, selected, vertex, label } = useApp((state) => state.annotate);
  const bar = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const { cross, move } = useKeyboardCross(svg);
  const chosen = annotations.find(({ id }) => id === selected) ?? null;

  const dispatch = useCallback(
    (action: AnnotateAction) => store.dispatch({ type: 'annotate', action }),
    [store],
  );
  const finish = (outer: readonly number[]): void =>
    dispatch({ kind: 'add', annotations: [{ id: session.newId(), label, outer, holes: [] }] });
  const place = (x: number, y: number): void => {
    const at = view.level0At(x, y);
    // A click has given the focus to the slide; keys go on here.
    bar.current?.focus();
    if (at === null) return;
    if (tool === 'select') {
      dispatch({ kind: 'select', id: annotationAt(annotations, at)?.id ?? null });
      return;
    }
    const [first] = draft;
    if (tool === 'rectangle' && first !== undefined) finish(rectangleRing(first, at));
    else dispatch({ kind: 'draft', points: [...draft, at] });
  };
  const canFinish = tool !== 'rectangle' && tool !== 'select' && draft.length >= 3;

  // The view's own clicks, so that dragging still moves the slide and the wheel still zooms it.
  useEffect(() => view.onClick(place));
  useEffect(() => bar.current?.focus(), [tool]);
  useDrag(view, tool, svg, bar);

  /** Arrow keys move the corner that is chosen. */
  const moveVertex = (event: React.KeyboardEvent): boolean => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const transform = view.transform();
    if (by === undefined || chosen === null || transform === null) return false;
    const px = event.shiftKey ? 1 : 10;
    const { x, y } = apply(transform, ...pair(vertexOf(chosen, vertex)));
    const at = view.level0At(x + (by[0] ?? 0) * px, y + (by[1] ?? 0) * px);
    if (at !== null)
      dispatch({ kind: 'change', id: chosen.id, change: (each) => withVertex(each, vertex, at) });
    return true;
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape') {
      if (draft.length > 0) dispatch({ kind: 'draft', points: [] });
      else dispatch({ kind: 'tool', tool: null });
    } else if (event.target !== event.currentTarget || event.altKey || event.ctrlKey || event.metaKey) return;
    else if (tool === 'select') {
      if (!selectKey(event, moveVertex)) return;
    } else if (move(event)) return;
    else if (event.key === ' ' && cross !== null) place(cross.x, cross.y);
    else if (event.key === 'Enter' && canFinish) finish(ringOf(draft));
    else if (event.key === 'Enter' && cross !== null) place(cross.x, cross.y);
    else if (event.key === 'Backspace') dispatch({ kind: 'draft', points: draft.slice(0, -1) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const selectKey = (event: React.KeyboardEvent, moved: (event: React.KeyboardEvent) => boolean): boolean => {
    const corners = (chosen?.outer.length ?? 0) / 2;
    const at = annotations.findIndex(({ id }) => id === selected);
    if (event.key === 'PageDown' || event.key === 'PageUp') {
      const next = annotations.at(
        (at + (event.key === 'PageDown' ? 1 : at < 0 ? 0 : -1)) % annotations.length,
      );
      dispatch({ kind: 'select', id: next?.id ?? null });
      return true;
    }
    if (chosen === null) return false;
    if (event.key === 'n' || event.key === 'p') {
      const step = event.key === 'n' ? 1 : corners - 1;
      dispatch({ kind: 'select', id: chosen.id, vertex: (vertex + step) % corners });
      return true;
    }
    if (event.key === 'i' || event.key === 'Insert') {
      dispatch({ kind: 'change', id: chosen.id, change: (each) => withVertexAfter(each, vertex) });
      dispatch({ kind: 'select', id: chosen.id, vertex: vertex + 1 });
      return true;
    }
    if (event.key === 'Backspace') {
      dispatch({ kind: 'change', id: chosen.id, change: (each) => withoutVertex(each, vertex) });
      return true;
    }
    return moved(event);
  };

  const pathOf = useCallback(
    (transform: Affine, pointer: Point | null): string => {
      const marks = cross === null || tool === 'select' ? '' : crossAt(cross);
      const free = cross ?? pointer;
      const next = free === null ? null : view.level0At(free.x, free.y);
      const [first] = draft;
      if (first === undefined || next === null) return marks;
      const ring = tool === 'rectangle' ? rectangleRing(first, next) : ringOf([...draft, next]);
      let path = '';
      for (let i = 0; i < ring.length; i += 2) {
        const { x, y } = apply(transform, ring[i] ?? 0, ring[i + 1] ?? 0);
        path += `${i === 0 ? 'M' : 'L'}${x} ${y}`;
      }
      return `${path}Z${marks}`;
    },
    [view, draft, cross, tool],
  );

  return (
    <>
      <Sketch view={view} svg={svg} testId="annotation-draft" pathOf={pathOf} />
      <div
        className="known-length"
        ref={bar}
        role="group"
        aria-label="Annotate"
        tabIndex={-1}
        data-testid="annotate-tool"
        onKeyDown={onKeyDown}
      >
        <span role="status">
          {hintOf(tool, draft.length, chosen === null ? null : chosen.outer.length / 2, vertex)}
        </span>
        <span className="faint">{keysOf(tool, chosen !== null)}</span>
        {canFinish && (
          <button type="button" className="button small primary" onClick={() => finish(ringOf(draft))}>
            Finish
          </button>
        )}
        <CommandButton id="annotate.undo" />
        <button type="button" className="button small" onClick={() => dispatch({ kind: 'tool', tool: null })}>
          Done
        </button>
      </div>
    </>
  );
}

function pair({ x, y }: Point): [number, number] {
  return [x, y];
}

/** Dragging: a corner of the selected annotation, or a freehand line. All else moves the slide as ever. */
function useDrag(
  view: SlideView,
  tool: AnnotateTool,
  svg: React.RefObject<SVGSVGElement | null>,
  bar: React.RefObject<HTMLElement | null>,
): void {
  const { store, annotations: session } = useWorkbench();
  useEffect(() => {
    const pane = svg.current?.closest<HTMLElement>('.pane') ?? null;
    if (pane === null || (tool !== 'select' && tool !== 'freehand')) return;
    const dispatch = (action: AnnotateAction): void => store.dispatch({ type: 'annotate', action });
    const level0 = (event: PointerEvent): Point | null => {
      const box = svg.current?.getBoundingClientRect();
      return box === undefined ? null : view.level0At(event.clientX - box.left, event.clientY - box.top);
    };
    const perPx = (): number => 1 / scaleOf(view.transform() ?? { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 });
    let drag: {
      readonly pointer: number;
      readonly move: (at: Point) => void;
      readonly end: () => void;
    } | null = null;

    const down = (event: PointerEvent): void => {
      const onView = event.target instanceof Element && event.target.closest('.view') !== null;
      const at = level0(event);
      if (!onView || at === null || event.button !== 0 || drag !== null) return;
      drag = tool === 'freehand' ? freehand(at) : corner(at);
      if (drag === null) return;
      // The viewer must not hear of it: it would move the slide.
      event.stopPropagation();
      event.preventDefault();
      pane.setPointerCapture(event.pointerId);
      drag = { ...drag, pointer: event.pointerId };
    };
    const move = (event: PointerEvent): void => {
      if (drag?.pointer !== event.pointerId) return;
      event.stopPropagation();
      const at = level0(event);
      if (at !== null) drag.move(at);
    };
    const up = (event: PointerEvent): void => {
      if (drag?.pointer !== event.pointerId) return;
      event.stopPropagation();
      const { end } = drag;
      drag = null;
      end();
      bar.current?.focus();
    };
    const freehand = (at: Point): typeof drag => {
      const line = [at];
      return {
        pointer: -1,
        move: (point) => {
          line.push(point);
          dispatch({ kind: 'draft', points: [...line] });
        },
        end: () => {
          const points = simplifyLine(line, freehandTolerancePx * perPx());
          if (points.length < 3) return dispatch({ kind: 'draft', points: [] });
          const { label } = store.getState().annotate;
          dispatch({
            kind: 'add',
            annotations: [{ id: session.newId(), label, outer: ringOf(points), holes: [] }],
          });
        },
      };
    };
    const corner = (at: Point): typeof drag => {
      const chosen = selectedAnnotation(store.getState().annotate);
      const index = chosen === null ? null : vertexAt(chosen, at, reachPx * perPx());
      if (chosen === null || index === null) return null;
      const { id } = chosen;
      let continues = false;
      dispatch({ kind: 'select', id, vertex: index });
      return {
        pointer: -1,
        move: (point) => {
          dispatch({ kind: 'change', id, change: (each) => withVertex(each, index, point), continues });
          continues = true;
        },
        end: () => undefined,
      };
    };
    const options = { capture: true };
    pane.addEventListener('pointerdown', down, options);
    pane.addEventListener('pointermove', move, options);
    pane.addEventListener('pointerup', up, options);
    pane.addEventListener('pointercancel', up, options);
    return () => {
      pane.removeEventListener('pointerdown', down, options);
      pane.removeEventListener('pointermove', move, options);
      pane.removeEventListener('pointerup', up, options);
      pane.removeEventListener('pointercancel', up, options);
    };
  }, [view, tool, svg, bar, store, session]);
}

function hintOf(tool: AnnotateTool, points: number, corners: number | null, vertex: number): string {
  switch (tool) {
    case 'rectangle':
      return points === 0 ? 'Click one corner of the rectangle.' : 'Click the opposite corner.';
    case 'polygon':
      return points < 3 ? 'Click the corners of the area.' : 'Click more corners, or press Enter.';
    case 'freehand':
      return 'Draw the outline with the button held down.';
    case 'select':
      return corners === null
        ? 'Click an annotation.'
        : `Corner ${vertex + 1} of ${corners}. Drag corners to move them.`;
  }
}

function keysOf(tool: AnnotateTool, chosen: boolean): string {
  if (tool !== 'select') return 'Keys: arrows, Space, Backspace.';
  return chosen
    ? 'Keys: arrows, N and P, I adds, Backspace takes away.'
    : 'Keys: Page Down goes through them.';
}
