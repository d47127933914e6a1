/** Press, drag, release: draws with a tool by mouse or pen, where a click places a point. Alt and drag still pans. */
import { useEffect, useRef } from 'react';
import type { Point } from './affine.ts';
import type { SlideView } from './slide-view.ts';

/** A press that moves less than this is a click, CSS pixels. */
const clickPx = 4;

export interface PressDrag {
  /** A press at `x`, `y` (CSS pixels of the view) that did not move. */
  readonly click: (x: number, y: number) => void;
  /** A drag from `from` has reached `to`, level-0 pixels. Called for every move. */
  readonly drag: (from: Point, to: Point, isFirst: boolean) => void;
  /** The drag has ended at `to`. */
  readonly release: (from: Point, to: Point) => void;
}

/**
 * Takes presses on the slide from the viewer, which would pan it. Fingers are left to the viewer: they pan and pinch, and a tap
 * is a click.
 * @param on whether the tool draws by dragging now.
 */
export function usePressDrag(
  view: SlideView,
  svg: React.RefObject<SVGSVGElement | null>,
  bar: React.RefObject<HTMLElement | null>,
  on: boolean,
  handlers: PressDrag,
): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    const pane = svg.current?.closest<HTMLElement>('.pane') ?? null;
    if (pane === null || !on) return;
    let press: { readonly pointer: number; readonly at: Point; readonly from: Point; moved: boolean } | null =
      null;
    const place = (event: PointerEvent): Point => {
      const { left = 0, top = 0 } = svg.current?.getBoundingClientRect() ?? {};
      return { x: event.clientX - left, y: event.clientY - top };
    };
    const down = (event: PointerEvent): void => {
      const onView = event.target instanceof Element && event.target.closest('.view') !== null;
      const at = place(event);
      const from = view.level0At(at.x, at.y);
      if (!onView || from === null || event.button !== 0 || event.altKey || press !== null) return;
      if (event.pointerType === 'touch') return;
      event.stopPropagation();
      event.preventDefault();
      pane.setPointerCapture(event.pointerId);
      press = { pointer: event.pointerId, at, from, moved: false };
    };
    const move = (event: PointerEvent): void => {
      if (press?.pointer !== event.pointerId) return;
      const at = place(event);
      const to = view.level0At(at.x, at.y);
      const isFirst = !press.moved;
      if (to === null || (isFirst && Math.hypot(at.x - press.at.x, at.y - press.at.y) < clickPx)) return;
      press.moved = true;
      latest.current.drag(press.from, to, isFirst);
    };
    const up = (event: PointerEvent): void => {
      if (press?.pointer !== event.pointerId) return;
      event.stopPropagation();
      const { at, from, moved } = press;
      press = null;
      const end = place(event);
      if (!moved) latest.current.click(at.x, at.y);
      else latest.current.release(from, view.level0At(end.x, end.y) ?? from);
      bar.current?.focus();
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
  }, [view, svg, bar, on]);
}
