/** The measuring tool: clicks set the points of a line; closed, it measures an area. */
import { useCallback, useEffect, useRef } from 'react';
import { tip } from '../frame/tip.ts';
import { formatArea, formatCount } from '../format.ts';
import { currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { apply } from '../viewer/affine.ts';
import type { Affine, Point } from '../viewer/affine.ts';
import { formatLength } from '../viewer/view-scale.ts';
import { crossAt, Sketch, SketchBar, useKeyboardCross } from '../viewer/sketch.tsx';
import type { SlideView } from '../viewer/slide-view.ts';
import { usePressDrag } from '../viewer/use-press-drag.ts';
import { measuredArea, lengthOf } from './measure.ts';
import type { Measurement, Scale } from './measure.ts';

export function MeasureLayer({ view }: { readonly view: SlideView }): React.JSX.Element | null {
  const measurement = useApp((state) => state.slide?.measure ?? null);
  return measurement === null ? null : <MeasureTool view={view} measurement={measurement} />;
}

interface MeasureToolProps {
  readonly view: SlideView;
  readonly measurement: Measurement;
}

function MeasureTool({ view, measurement }: MeasureToolProps): React.JSX.Element {
  const { store } = useWorkbench();
  const mpp = useApp((state) => currentMpp(state.slide));
  const { points, closed } = measurement;
  const bar = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const { cross, move } = useKeyboardCross(svg);
  const set = (measure: Measurement | null): void => store.dispatch({ type: 'measure', measure });

  const place = (x: number, y: number): void => {
    const at = view.level0At(x, y);
    if (at === null) return;
    // After a finished area, start a new line.
    set(closed ? { points: [at], closed: false } : { points: [...points, at], closed: false });
  };
  // Taps; presses of mouse and pen do not reach the viewer.
  useEffect(() => view.onClick(place));
  usePressDrag(view, svg, bar, true, {
    click: place,
    drag: (from, to) => set({ points: [from, to], closed: false }),
    release: (from, to) => set({ points: [from, to], closed: false }),
  });
  useEffect(() => bar.current?.focus(), []);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape') set(null);
    else if (event.target !== event.currentTarget || move(event)) return;
    else if ((event.key === ' ' || event.key === 'Enter') && cross !== null) place(cross.x, cross.y);
    else if (event.key === 'Backspace') set({ points: points.slice(0, -1), closed: false });
    else if (event.key === 'c' && points.length >= 3) set({ points, closed: !closed });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const pathOf = useCallback(
    (transform: Affine, pointer: Point | null): string => {
      const corners = points.map(({ x, y }) => apply(transform, x, y));
      const free = cross ?? pointer;
      const line = closed || free === null || corners.length === 0 ? corners : [...corners, free];
      return [
        ...(line.length > 1 ? [`M${line.map(({ x, y }) => `${x} ${y}`).join('L')}${closed ? 'Z' : ''}`] : []),
        ...corners.map(crossAt),
        ...(cross === null ? [] : [crossAt(cross)]),
      ].join('');
    },
    [points, closed, cross],
  );

  return (
    <>
      <Sketch view={view} svg={svg} testId="measure-line" pathOf={pathOf} />
      <SketchBar label="Measure" bar={bar} testId="measure-tool" onKeyDown={onKeyDown}>
        <span role="status" data-testid="measured">
          {textOf(measurement, mpp)}
        </span>
        <button
          type="button"
          className="button small"
          disabled={points.length < 3}
          aria-pressed={closed}
          {...tip('Close shape to measure its area', 'C')}
          onClick={() => set({ points, closed: !closed })}
        >
          Area
        </button>
        <button
          type="button"
          className="button small"
          disabled={points.length === 0}
          onClick={() => set({ points: [], closed: false })}
        >
          Clear
        </button>
        <button type="button" className="button small" {...tip('Done', 'Esc')} onClick={() => set(null)}>
          Done
        </button>
      </SketchBar>
    </>
  );
}

/** The measurement so far, or what to do next. */
export function textOf(measurement: Measurement, scale: Scale): string {
  const { points, closed } = measurement;
  if (points.length === 0) return 'Drag a line, or click points. Keys: arrows, Space. Alt+drag pans';
  if (points.length === 1) return 'Click the next point.';
  const length = lengthOf(measurement, scale);
  const lengthText = scale === null ? `${formatCount(length)} px` : formatLength(length);
  if (!closed) return `Length ${lengthText}`;
  const area = measuredArea(measurement, scale);
  const areaText = scale === null ? `${formatCount(area)} px²` : formatArea(area);
  return `Area ${areaText} · perimeter ${lengthText}`;
}
