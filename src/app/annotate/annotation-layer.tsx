/** Annotations over the slide: the shapes, and in the active pane the tools that draw and edit them. */
import { useEffect, useMemo, useRef } from 'react';
import type { Affine } from '../viewer/affine.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { annotateOf } from '../state/state.ts';
import { useApp } from '../workbench-context.ts';
import { AnnotateTools } from './annotate-tools.tsx';
import type { Annotation, Ring } from './annotation.ts';
import { colourOfLabel } from './label-colours.ts';
import { useLabelClasses } from './use-label-classes.ts';

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

/** Paths hold level-0 pixels and stay as they are; a frame of the view changes one transform alone. */
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

/** Corners are lines without length, whose round ends are dots of the same size at every zoom. */
function Corners({ ring, vertex }: { readonly ring: Ring; readonly vertex: number }): React.JSX.Element {
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

function dotAt(ring: Ring, at: number): string {
  return `M${ring[at] ?? 0} ${ring[at + 1] ?? 0}h0`;
}

function pathOf(ring: Ring): string {
  let text = '';
  for (let i = 0; i + 1 < ring.length; i += 2)
    text += `${i === 0 ? 'M' : 'L'}${ring[i] ?? 0} ${ring[i + 1] ?? 0}`;
  return `${text}Z`;
}

function matrixOf({ a, b, c, d, e, f }: Affine): string {
  return `matrix(${a} ${b} ${c} ${d} ${e} ${f})`;
}
