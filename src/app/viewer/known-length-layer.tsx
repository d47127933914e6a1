/** The tool that sets the resolution from a known length: two ends on the slide and their distance in µm. */
import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { formatCount, formatMpp } from '../format.ts';
import { lengthPx, mppOfLength, parseLengthUm } from '../session/user-mpp.ts';
import type { KnownLength } from '../session/user-mpp.ts';
import type { KnownLengthDrawing } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { apply } from './affine.ts';
import type { Affine, Point } from './affine.ts';
import { formatMagnification } from './view-scale.ts';
import { crossAt, Sketch, SketchBar, useKeyboardCross } from './sketch.tsx';
import type { SlideView } from './slide-view.ts';
import { usePressDrag } from './use-press-drag.ts';

export interface KnownLengthLayerProps {
  readonly view: SlideView;
}

export function KnownLengthLayer({ view }: KnownLengthLayerProps): React.JSX.Element | null {
  const calibration = useApp((state) => state.slide?.calibration ?? null);
  return calibration === null ? null : <KnownLengthTool view={view} calibration={calibration} />;
}

function KnownLengthTool({
  view,
  calibration,
}: KnownLengthLayerProps & { readonly calibration: KnownLengthDrawing }): React.JSX.Element {
  const { store } = useWorkbench();
  const { points } = calibration;
  const drawing = points.length < 2;
  const bar = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const { cross, move } = useKeyboardCross(svg);

  const set = (next: readonly Point[]): void =>
    store.dispatch({ type: 'calibration', calibration: { ...calibration, points: next } });
  const cancel = (): void => store.dispatch({ type: 'calibration', calibration: null });
  const place = (x: number, y: number): void => {
    const at = view.level0At(x, y);
    if (drawing && at !== null) set([...points, at]);
  };

  // Taps; presses of mouse and pen do not reach the viewer.
  useEffect(() => view.onClick(place));
  usePressDrag(view, svg, bar, drawing, {
    click: place,
    drag: (from, _to, isFirst) => {
      if (isFirst) set([from]);
    },
    release: (from, to) => set([from, to]),
  });
  useEffect(() => {
    if (drawing) bar.current?.focus();
  }, [drawing]);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const onBar = event.target === event.currentTarget;
    if (event.key === 'Escape') cancel();
    else if (!drawing || !onBar || move(event)) return;
    else if (event.key === 'Enter' && cross !== null) place(cross.x, cross.y);
    else if (event.key === 'Backspace') set(points.slice(0, -1));
    else return;
    event.preventDefault();
  };

  return (
    <>
      <KnownLengthLine view={view} points={points} cross={drawing ? cross : null} svg={svg} />
      <SketchBar label="Known length" bar={bar} testId="known-length" onKeyDown={onKeyDown}>
        {drawing ? (
          <>
            <span role="status">
              {points.length === 0
                ? 'Drag along a known length, such as a scale bar, or click its ends.'
                : 'Click the other end.'}
            </span>
            <span className="faint">Keys: arrows, Enter</span>
          </>
        ) : (
          <LengthForm
            length={lengthPx(points[0] ?? { x: 0, y: 0 }, points[1] ?? { x: 0, y: 0 })}
            onAgain={() => set([])}
          />
        )}
        <button type="button" className="button small" onClick={cancel}>
          Cancel
        </button>
      </SketchBar>
    </>
  );
}

interface LengthFormProps {
  /** Level-0 pixels. */
  readonly length: number;
  readonly onAgain: () => void;
}

function LengthForm({ length, onAgain }: LengthFormProps): React.JSX.Element {
  const { store, slides, segmentation } = useWorkbench();
  const extent = segmentation.awaitingMpp;
  const [text, setText] = useState('');
  const id = useId();
  const um = parseLengthUm(text);
  const result = um === null ? null : mppOfLength(length, um);

  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    if (result?.kind !== 'mpp') return;
    slides.setMpp(result.mpp);
    store.dispatch({ type: 'calibration', calibration: null });
    if (extent !== null) void segmentation.segment(extent);
  };

  return (
    <form onSubmit={submit} noValidate>
      <label htmlFor={id}>{formatCount(length)} px =</label>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        autoFocus
        value={text}
        size={7}
        aria-describedby={`${id}-result`}
        data-testid="known-length-input"
        onChange={(event) => setText(event.target.value)}
      />
      <span>µm</span>
      <output id={`${id}-result`} htmlFor={id} data-testid="known-length-result">
        {preview(text, result)}
      </output>
      <button
        type="submit"
        className="button small primary"
        disabled={result?.kind !== 'mpp'}
        data-testid="known-length-set"
      >
        {extent === null ? 'Save' : 'Save and segment'}
      </button>
      <button type="button" className="button small" onClick={onAgain}>
        Redraw
      </button>
    </form>
  );
}

function preview(text: string, result: KnownLength | null): string {
  if (result === null) return text.trim() === '' ? '' : 'Enter a length in µm.';
  switch (result.kind) {
    case 'mpp':
      return `${formatMpp(result.mpp)}, a ${formatMagnification(1, result.mpp)} scan`;
    case 'too-short':
      return `Draw a longer line: at least ${result.minPx} px.`;
    case 'out-of-range':
      return 'Enter a length that gives 0.01 to 100 µm/px.';
  }
}

interface KnownLengthLineProps {
  readonly view: SlideView;
  readonly points: readonly Point[];
  readonly cross: Point | null;
  readonly svg: React.RefObject<SVGSVGElement | null>;
}

/** The line, with its open end at the keyboard cross or the mouse. */
function KnownLengthLine({ view, points, cross, svg }: KnownLengthLineProps): React.JSX.Element {
  const pathOf = useCallback(
    (transform: Affine, pointer: Point | null): string => {
      const ends = points.map(({ x, y }) => apply(transform, x, y));
      const free = cross ?? pointer;
      const marks = points.length < 2 && cross !== null ? [...ends, cross] : ends;
      const line = points.length === 1 && free !== null ? [...ends, free] : ends;
      return [
        ...marks.map(crossAt),
        ...(line.length === 2 ? [`M${line.map(({ x, y }) => `${x} ${y}`).join('L')}`] : []),
      ].join('');
    },
    [points, cross],
  );
  return <Sketch view={view} svg={svg} testId="known-length-line" pathOf={pathOf} />;
}
