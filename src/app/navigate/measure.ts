/** Lengths and areas on the slide. Pure. */
import type { Point } from '../viewer/affine.ts';

/** A measured line, or an area if closed. Level-0 pixels. */
export interface Measurement {
  readonly points: readonly Point[];
  /** Whether the last point is joined to the first. */
  readonly closed: boolean;
}

/** µm per level-0 pixel; null if unknown, in which case results are in pixels. */
export type Scale = { readonly x: number; readonly y: number } | null;

/** Length of the line, including the closing side, in µm; in level-0 pixels if the scale is unknown. */
export function lengthOf({ points, closed }: Measurement, scale: Scale): number {
  const { x: sx, y: sy } = scale ?? { x: 1, y: 1 };
  let sum = 0;
  for (let at = closed ? 0 : 1; at < points.length; at++) {
    const from = points[(at - 1 + points.length) % points.length];
    const to = points[at];
    if (from === undefined || to === undefined) continue;
    sum += Math.hypot((to.x - from.x) * sx, (to.y - from.y) * sy);
  }
  return sum;
}

/** Enclosed area, in µm²; in square level-0 pixels if the scale is unknown. */
export function measuredArea({ points }: Pick<Measurement, 'points'>, scale: Scale): number {
  let twice = 0;
  points.forEach((from, at) => {
    const to = points[(at + 1) % points.length] ?? from;
    twice += from.x * to.y - to.x * from.y;
  });
  return (Math.abs(twice) / 2) * (scale === null ? 1 : scale.x * scale.y);
}
