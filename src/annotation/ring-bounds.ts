/** Bounds of outlines. Pure. */
import type { Level0Rect } from '../slide/slide.ts';

/** Least and greatest coordinates, level-0 pixels. */
export interface Edges {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Least and greatest coordinates of all points of the rings.
 * @param rings x and y in turn, level-0 pixels; a number without a partner at the end is left out
 * @returns left and top are Infinity, right and bottom -Infinity where there is no point
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

/** The smallest rectangle about all points of the rings; `edgesOfRings` tells of them. Without a point it meets nothing. */
export function boundsOfRings(rings: Iterable<ArrayLike<number>>): Level0Rect {
  const { left, top, right, bottom } = edgesOfRings(rings);
  return { x: left, y: top, width: right - left, height: bottom - top };
}
