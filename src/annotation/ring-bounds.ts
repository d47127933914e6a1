/** Bounds of outlines. Pure. */
import type { Level0Rect } from '../slide/slide.ts';

/** Smallest and largest coordinates, level-0 pixels. */
export interface Edges {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Smallest and largest coordinates of all points of the rings.
 * @param rings alternating x and y, level-0 pixels; a last number without a partner is ignored
 * @returns left and top Infinity, right and bottom -Infinity where there is no point
 */
export function edgesOfRings(rings: Iterable<ArrayLike<number>>): Edges {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i += 2) {
      left = Math.min(left, ring[i] ?? left);
      right = Math.max(right, ring[i] ?? right);
      top = Math.min(top, ring[i + 1] ?? top);
      bottom = Math.max(bottom, ring[i + 1] ?? bottom);
    }
  }
  return { left, top, right, bottom };
}

/**
 * The smallest rectangle around all points of the rings (see `edgesOfRings`). Without a point it intersects
 * nothing.
 */
export function boundsOfRings(rings: Iterable<ArrayLike<number>>): Level0Rect {
  const { left, top, right, bottom } = edgesOfRings(rings);
  return { x: left, y: top, width: right - left, height: bottom - top };
}
