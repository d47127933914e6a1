/** Shared by the drawing tools: a keyboard-driven cross, lines that follow the view, and the tool bar. */
import { useEffect, useRef, useState } from 'react';
import type { Affine, Point } from './affine.ts';
import type { SlideView } from './slide-view.ts';

/** CSS pixels per press of an arrow key; 1 with Shift. */
const step = 10;
const arrows: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export interface KeyboardCross {
  /** CSS pixels of the view; null until an arrow key is pressed. */
  readonly cross: Point | null;
  /** Moves the cross by an arrow key, starting in the middle of the view. @returns whether it was an arrow key */
  readonly move: (event: React.KeyboardEvent) => boolean;
}

/** @param svg the sketch, which covers the view and bounds the cross. */
export function useKeyboardCross(svg: React.RefObject<SVGSVGElement | null>): KeyboardCross {
  const [cross, setCross] = useState<Point | null>(null);
  const move = (event: React.KeyboardEvent): boolean => {
    const arrow = arrows[event.key];
    if (arrow === undefined) return false;
    const by = event.shiftKey ? 1 : step;
    const { width, height } = svg.current?.getBoundingClientRect() ?? { width: 0, height: 0 };
    const from = cross ?? { x: width / 2, y: height / 2 };
    setCross({
      x: Math.min(width, Math.max(0, from.x + arrow.x * by)),
      y: Math.min(height, Math.max(0, from.y + arrow.y * by)),
    });
    event.preventDefault();
    return true;
  };
  return { cross, move };
}

/** Path data of a cross at a point, CSS pixels. */
export function crossAt({ x, y }: Point): string {
  return `M${x - 9} ${y}h18M${x} ${y - 9}v18`;
}

interface SketchProps {
  readonly view: SlideView;
  readonly svg: React.RefObject<SVGSVGElement | null>;
  readonly testId: string;
  /**
   * Path data, CSS pixels. Memoise it while the drawing does not change.
   * @param transform level-0 pixels to CSS pixels of the view
   * @param pointer last position of the mouse, CSS pixels; null before it entered the view
   */
  readonly pathOf: (transform: Affine, pointer: Point | null) => string;
}

/** Lines over the slide, redrawn with every frame of the view. Bypasses React for speed. */
export function Sketch({ view, svg, testId, pathOf }: SketchProps): React.JSX.Element {
  const pointer = useRef<Point | null>(null);
  const path = useRef<SVGPathElement>(null);
  const casing = useRef<SVGPathElement>(null);

  useEffect(() => {
    const draw = (): void => {
      const transform = view.transform();
      if (transform === null) return;
      const d = pathOf(transform, pointer.current);
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
  }, [view, svg, pathOf]);

  return (
    <svg className="sketch" ref={svg} aria-hidden data-testid={testId}>
      <path ref={casing} className="casing" />
      <path ref={path} />
    </svg>
  );
}

interface SketchBarProps {
  /** Name of the tool for screen readers. */
  readonly label: string;
  readonly bar: React.RefObject<HTMLDivElement | null>;
  readonly testId: string;
  readonly onKeyDown: (event: React.KeyboardEvent) => void;
  readonly children: React.ReactNode;
}

/** The bar of a drawing tool: says what to do next, and handles the tool's keys while focused. */
export function SketchBar({ label, bar, testId, onKeyDown, children }: SketchBarProps): React.JSX.Element {
  return (
    <div
      className="sketch-bar"
      ref={bar}
      role="group"
      aria-label={label}
      tabIndex={-1}
      data-testid={testId}
      onKeyDown={onKeyDown}
    >
      {children}
    </div>
  );
}
