/** Annotations: data and geometry for drawing and editing. Coordinates are level-0 pixels. */
import { isInside } from '../../base/polygon.ts';
import type { AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { Point } from '../viewer/affine.ts';

/** A closed ring: x and y alternate; the first point is not repeated. */
export type OutlineRing = readonly number[];

export interface Annotation {
  readonly id: string;
  /** Class name, or the label from a file; empty without one. */
  readonly label: string;
  readonly outer: OutlineRing;
  readonly holes: readonly OutlineRing[];
}

export function ringOf(points: readonly Point[]): number[] {
  return points.flatMap(({ x, y }) => [x, y]);
}

/** The rectangle with two given opposite corners. */
export function rectangleRing(one: Point, other: Point): number[] {
  return [one.x, one.y, other.x, one.y, other.x, other.y, one.x, other.y];
}

export function fromRegion({ label, outer, holes }: AnnotatedRegion, id: string): Annotation {
  return { id, label, outer: Array.from(outer), holes: holes.map((hole) => Array.from(hole)) };
}

/** As annotation readers return it. */
export function toRegion({ id, label, outer, holes }: Annotation): AnnotatedRegion {
  return {
    id,
    label,
    colour: null,
    outer: Float64Array.from(outer),
    holes: holes.map((hole) => Float64Array.from(hole)),
  };
}

/** Area in square level-0 pixels, without holes. Parts of a self-intersecting ring cancel. */
export function annotationArea({ outer, holes }: Pick<Annotation, 'outer' | 'holes'>): number {
  return holes.reduce((rest, hole) => rest - ringArea(hole), ringArea(outer));
}

function ringArea(ring: OutlineRing): number {
  let twice = 0;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    twice += (ring[j] ?? 0) * (ring[i + 1] ?? 0) - (ring[i] ?? 0) * (ring[j + 1] ?? 0);
  }
  return Math.abs(twice) / 2;
}

/** The topmost annotation at a point. Later annotations are above earlier ones. */
export function annotationAt(annotations: readonly Annotation[], point: Point): Annotation | null {
  return annotations.findLast(({ outer, holes }) => isInside([outer, ...holes], point.x, point.y)) ?? null;
}

/** Index of the outline's corner nearest to a point, within `reach` level-0 pixels; null if there is none. */
export function vertexAt({ outer }: Annotation, { x, y }: Point, reach: number): number | null {
  let best: number | null = null;
  let least = reach;
  for (let i = 0; i + 1 < outer.length; i += 2) {
    const distance = Math.hypot((outer[i] ?? 0) - x, (outer[i + 1] ?? 0) - y);
    if (distance <= least) [least, best] = [distance, i / 2];
  }
  return best;
}

export function vertexOf({ outer }: Annotation, index: number): Point {
  return { x: outer[2 * index] ?? 0, y: outer[2 * index + 1] ?? 0 };
}

export function withVertex(annotation: Annotation, index: number, { x, y }: Point): Annotation {
  const outer = [...annotation.outer];
  outer.splice(2 * index, 2, x, y);
  return { ...annotation, outer };
}

/** Inserts a corner in the middle of the edge after corner `index`. */
export function withVertexAfter(annotation: Annotation, index: number): Annotation {
  const count = annotation.outer.length / 2;
  const one = vertexOf(annotation, index);
  const other = vertexOf(annotation, (index + 1) % count);
  const outer = [...annotation.outer];
  outer.splice(2 * index + 2, 0, (one.x + other.x) / 2, (one.y + other.y) / 2);
  return { ...annotation, outer };
}

/** Removes a corner, unless only three are left. */
export function withoutVertex(annotation: Annotation, index: number): Annotation {
  if (annotation.outer.length <= 6) return annotation;
  const outer = [...annotation.outer];
  outer.splice(2 * index, 2);
  return { ...annotation, outer };
}

/**
 * Simplifies a drawn line (Douglas–Peucker).
 * @param tolerance largest distance of a removed point from the line, level-0 pixels
 */
export function simplifyLine(points: readonly Point[], tolerance: number): Point[] {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 3) return [...points];
  let worst = 0;
  let most = tolerance;
  points.forEach((point, i) => {
    const distance = distanceToSegment(point, first, last);
    if (i > 0 && i < points.length - 1 && distance > most) [most, worst] = [distance, i];
  });
  if (worst === 0) return [first, last];
  return [
    ...simplifyLine(points.slice(0, worst + 1), tolerance).slice(0, -1),
    ...simplifyLine(points.slice(worst), tolerance),
  ];
}

function distanceToSegment(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const t =
    length === 0 ? 0 : Math.min(1, Math.max(0, ((point.x - from.x) * dx + (point.y - from.y) * dy) / length));
  return Math.hypot(point.x - from.x - t * dx, point.y - from.y - t * dy);
}
