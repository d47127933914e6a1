/** Dragging with an annotation tool, by mouse, pen or touch. */
import { useEffect } from 'react';
import { scaleOf } from '../viewer/affine.ts';
import type { Point } from '../viewer/affine.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { annotateOf } from '../state/state.ts';
import { useWorkbench } from '../workbench-context.ts';
import { ringOf, simplifyLine, vertexAt, withVertex } from './annotation.ts';
import { selectedAnnotation } from './annotate-state.ts';
import type { AnnotateAction, AnnotateTool } from './annotate-state.ts';

/** Hit radius of a corner, CSS pixels. */
const reachPx = 9;
/** Tolerance for simplifying freehand lines, CSS pixels. */
export const freehandTolerancePx = 0.75;

/** Drags a corner of the selected annotation or draws a freehand line. Any other drag pans the slide. */
export function useAnnotateDrag(
  view: SlideView,
  tool: AnnotateTool,
  svg: React.RefObject<SVGSVGElement | null>,
  bar: React.RefObject<HTMLElement | null>,
): void {
  const { store } = useWorkbench();
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
      // Keep the event from the viewer, which would pan the slide.
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
          const { label } = annotateOf(store.getState());
          dispatch({
            kind: 'add',
            annotations: [{ id: crypto.randomUUID(), label, outer: ringOf(points), holes: [] }],
          });
        },
      };
    };
    const corner = (at: Point): typeof drag => {
      const chosen = selectedAnnotation(annotateOf(store.getState()));
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
  }, [view, tool, svg, bar, store]);
}
