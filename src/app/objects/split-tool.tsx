/** The tool that splits the selected object along a drawn line. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { apply } from '../viewer/affine.ts';
import type { Affine, Point } from '../viewer/affine.ts';
import { crossAt, Sketch, SketchBar, useKeyboardCross } from '../viewer/sketch.tsx';
import type { SlideView } from '../viewer/slide-view.ts';
import { usePressDrag } from '../viewer/use-press-drag.ts';

export function SplitLayer({ view }: { readonly view: SlideView }): React.JSX.Element | null {
  const line = useApp((state) => state.slide?.splitting ?? null);
  return line === null ? null : <SplitTool view={view} line={line} />;
}

interface SplitToolProps {
  readonly view: SlideView;
  /** Corners so far, level-0 pixels. */
  readonly line: readonly Point[];
}

function SplitTool({ view, line }: SplitToolProps): React.JSX.Element {
  const { store, objects } = useWorkbench();
  const bar = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const { cross, move } = useKeyboardCross(svg);
  const [hasMissed, setMissed] = useState(false);
  const set = (next: readonly Point[] | null): void => store.dispatch({ type: 'splitting', line: next });

  const finish = (points: readonly Point[]): void => {
    const isParted = objects.split(points.flatMap(({ x, y }) => [x, y]));
    setMissed(!isParted);
    set(isParted ? null : []);
  };
  const place = (x: number, y: number): void => {
    const at = view.level0At(x, y);
    if (at !== null) set([...line, at]);
  };
  // Taps; presses of mouse and pen do not reach the viewer.
  useEffect(() => view.onClick(place));
  const drawn = useRef<readonly Point[]>([]);
  usePressDrag(view, svg, bar, true, {
    click: place,
    drag: (from, to, isFirst) => {
      drawn.current = isFirst ? [from, to] : [...drawn.current, to];
      set(drawn.current);
    },
    release: (_from, to) => finish([...drawn.current, to]),
  });
  useEffect(() => bar.current?.focus(), []);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape') set(null);
    else if (event.target !== event.currentTarget || move(event)) return;
    else if (event.key === ' ' && cross !== null) place(cross.x, cross.y);
    else if (event.key === 'Enter' && line.length >= 2) finish(line);
    else if (event.key === 'Backspace') set(line.slice(0, -1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const pathOf = useCallback(
    (transform: Affine, pointer: Point | null): string => {
      const corners = line.map(({ x, y }) => apply(transform, x, y));
      const free = cross ?? pointer;
      const shown = free === null || corners.length === 0 ? corners : [...corners, free];
      return [
        ...(shown.length > 1 ? [`M${shown.map(({ x, y }) => `${x} ${y}`).join('L')}`] : []),
        ...(corners.length === 1 ? corners.map(crossAt) : []),
        ...(cross === null ? [] : [crossAt(cross)]),
      ].join('');
    },
    [line, cross],
  );

  return (
    <>
      <Sketch view={view} svg={svg} testId="split-line" pathOf={pathOf} />
      <SketchBar label="Split object" bar={bar} testId="split-tool" onKeyDown={onKeyDown}>
        <span role="status">
          {hasMissed
            ? 'The line does not part the object. Draw it from edge to edge.'
            : line.length === 0
              ? 'Drag a line across the object, or click its corners.'
              : 'Click more corners, or press Enter.'}
        </span>
        <span className="faint">Keys: arrows, Space, Backspace. Alt+drag pans</span>
        <button
          type="button"
          className="button small primary"
          disabled={line.length < 2}
          onClick={() => finish(line)}
        >
          Split
        </button>
        <button type="button" className="button small" onClick={() => set(null)}>
          Cancel
        </button>
      </SketchBar>
    </>
  );
}
