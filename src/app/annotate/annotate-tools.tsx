/** Tools that draw and edit annotations, by pointer or entirely by keyboard; and the annotations over the slide. */
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { apply } from '../viewer/affine.ts';
import type { Affine, Point } from '../viewer/affine.ts';
import { crossAt, Sketch, SketchBar, useKeyboardCross } from '../viewer/sketch.tsx';
import type { SlideView } from '../viewer/slide-view.ts';
import { annotateOf } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import {
  annotationAt,
  rectangleRing,
  ringOf,
  simplifyLine,
  vertexOf,
  withoutVertex,
  withVertex,
  withVertexAfter,
} from './annotation.ts';
import type { AnnotateAction, AnnotateTool } from './annotate-state.ts';
import { usePressDrag } from '../viewer/use-press-drag.ts';
import { freehandTolerancePx, useAnnotateDrag } from './use-annotate-drag.ts';
import type { Annotation, OutlineRing } from './annotation.ts';
import { colourOfLabel } from './label-colours.ts';
import { useLabelClasses } from './use-label-classes.ts';

interface ToolsProps {
  readonly view: SlideView;
  readonly tool: AnnotateTool;
}

export function AnnotateTools({ view, tool }: ToolsProps): React.JSX.Element {
  const { store } = useWorkbench();
  const { draft, annotations, selected, vertex, label } = useApp((state) => annotateOf(state));
  const bar = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const { cross, move } = useKeyboardCross(svg);
  const chosen = annotations.find(({ id }) => id === selected) ?? null;

  const dispatch = useCallback(
    (action: AnnotateAction) => store.dispatch({ type: 'annotate', action }),
    [store],
  );
  const finish = (outer: readonly number[]): void =>
    dispatch({ kind: 'add', annotations: [{ id: crypto.randomUUID(), label, outer, holes: [] }] });
  const place = (x: number, y: number): void => {
    const at = view.level0At(x, y);
    // The click moved focus to the slide; take it back, so that keys keep working.
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

  // Taps, and clicks that select; other presses of mouse and pen do not reach the viewer.
  useEffect(() => view.onClick(place));
  const drawn = useRef<readonly Point[]>([]);
  usePressDrag(view, svg, bar, tool === 'rectangle' || tool === 'polygon', {
    click: place,
    drag: (from, to, isFirst) => {
      if (tool === 'rectangle') {
        if (isFirst) dispatch({ kind: 'draft', points: [from] });
        return;
      }
      drawn.current = isFirst ? [...draft, from, to] : [...drawn.current, to];
      dispatch({ kind: 'draft', points: drawn.current });
    },
    release: (from, to) => {
      if (tool === 'rectangle') return finish(rectangleRing(from, to));
      const line = simplifyLine(drawn.current, freehandTolerancePx / (view.scale() ?? 1));
      if (line.length >= 3) finish(ringOf(line));
      else dispatch({ kind: 'draft', points: line });
    },
  });
  useEffect(() => bar.current?.focus(), [tool]);
  useAnnotateDrag(view, tool, svg, bar);

  /** Moves the selected corner by arrow keys. @returns whether it was an arrow key */
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
      dispatch({ kind: 'tool', tool: null });
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
      <SketchBar label="Annotate" bar={bar} testId="annotate-tool" onKeyDown={onKeyDown}>
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
      </SketchBar>
    </>
  );
}

function pair({ x, y }: Point): [number, number] {
  return [x, y];
}

function hintOf(tool: AnnotateTool, points: number, corners: number | null, vertex: number): string {
  switch (tool) {
    case 'rectangle':
      return points === 0 ? 'Drag a rectangle, or click its corners.' : 'Click the opposite corner.';
    case 'polygon':
      return points < 3
        ? 'Drag around the area, or click its corners.'
        : 'Click more corners, or press Enter.';
    case 'freehand':
      return 'Hold the button down and draw the outline.';
    case 'select':
      return corners === null
        ? 'Click an annotation.'
        : `Corner ${vertex + 1} of ${corners}. Drag corners to move them.`;
  }
}

function keysOf(tool: AnnotateTool, chosen: boolean): string {
  if (tool !== 'select') return 'Keys: arrows, Space, Backspace';
  return chosen ? 'Keys: arrows move, N/P next/previous, I inserts, Backspace deletes' : 'Keys: Page Up/Down';
}

export interface AnnotationLayerProps {
  readonly view: SlideView;
  readonly active: boolean;
}

export function AnnotationLayer({ view, active }: AnnotationLayerProps): React.JSX.Element | null {
  const { annotations, visible, selected, vertex, tool } = useApp((state) => annotateOf(state));
  const shapes = visible && annotations.length > 0;
  return (
    <>
      {shapes && <Shapes view={view} annotations={annotations} selected={selected} vertex={vertex} />}
      {active && tool !== null && <AnnotateTools view={view} tool={tool} />}
    </>
  );
}

interface ShapesProps {
  readonly view: SlideView;
  readonly annotations: readonly Annotation[];
  readonly selected: string | null;
  readonly vertex: number;
}

/** Paths are in level-0 pixels and never change; each frame only updates one transform. */
function Shapes({ view, annotations, selected, vertex }: ShapesProps): React.JSX.Element {
  const group = useRef<SVGGElement>(null);
  const classes = useLabelClasses();
  const paths = useMemo(
    () =>
      annotations.map((each) => ({
        id: each.id,
        colour: colourOfLabel(each.label, classes),
        d: [each.outer, ...each.holes].map(pathOf).join(''),
      })),
    [annotations, classes],
  );
  useEffect(() => {
    const draw = (): void => {
      const transform = view.transform();
      if (transform !== null) group.current?.setAttribute('transform', matrixOf(transform));
    };
    draw();
    return view.onFrame(draw);
  }, [view]);
  const chosen = annotations.find(({ id }) => id === selected);
  return (
    <svg className="annotation-shapes" aria-hidden data-testid="annotation-shapes">
      <g ref={group}>
        {paths.map(({ id, d }) => (
          <path key={`casing-${id}`} d={d} className={id === selected ? 'casing selected' : 'casing'} />
        ))}
        {paths.map(({ id, d, colour }) => (
          <path key={id} d={d} stroke={colour} data-annotation={id} />
        ))}
        {chosen !== undefined && <Corners ring={chosen.outer} vertex={vertex} />}
      </g>
    </svg>
  );
}

/** Corners are zero-length lines: their round caps are dots of constant size at every zoom. */
function Corners({
  ring,
  vertex,
}: {
  readonly ring: OutlineRing;
  readonly vertex: number;
}): React.JSX.Element {
  let dots = '';
  for (let i = 0; i + 1 < ring.length; i += 2) dots += dotAt(ring, i);
  return (
    <>
      <path d={dots} className="corner-casing" />
      <path d={dots} className="corner" />
      <path d={dotAt(ring, 2 * vertex)} className="corner current" />
    </>
  );
}

function dotAt(ring: OutlineRing, at: number): string {
  return `M${ring[at] ?? 0} ${ring[at + 1] ?? 0}h0`;
}

function pathOf(ring: OutlineRing): string {
  let text = '';
  for (let i = 0; i + 1 < ring.length; i += 2)
    text += `${i === 0 ? 'M' : 'L'}${ring[i] ?? 0} ${ring[i + 1] ?? 0}`;
  return `${text}Z`;
}

function matrixOf({ a, b, c, d, e, f }: Affine): string {
  return `matrix(${a} ${b} ${c} ${d} ${e} ${f})`;
}
