/** Polygons as rings: x and y by turns, the last point joined to the first. Pure; units are the caller's. */
import type { Rect } from './rect.ts';

export type Ring = ArrayLike<number>;

/** Smallest and largest coordinates. */
export interface Edges {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Smallest and largest coordinates of all points; a last number without a partner is ignored.
 * @returns left and top Infinity, right and bottom -Infinity where there is no point
 */
export function edgesOfRings(rings: Iterable<Ring>): Edges {
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

/** The smallest rectangle around all points; without a point it intersects nothing. */
export function boundsOfRings(rings: Iterable<Ring>): Rect {
  const { left, top, right, bottom } = edgesOfRings(rings);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Area of a ring by the shoelace formula; its sign is the ring's direction. 0 for a line. */
export function signedArea(ring: Ring): number {
  let sum = 0;
  let [ax, ay] = lastPoint(ring);
  for (let i = 0; i + 1 < ring.length; i += 2) {
    const bx = ring[i] ?? 0;
    const by = ring[i + 1] ?? 0;
    sum += ax * by - bx * ay;
    ax = bx;
    ay = by;
  }
  return sum / 2;
}

/** Whether a point is inside of a polygon of one or more rings, by the even-odd rule: holes are rings like others. */
export function isInside(rings: readonly Ring[], x: number, y: number): boolean {
  let inside = false;
  for (const ring of rings) {
    let [ax, ay] = lastPoint(ring);
    for (let i = 0; i + 1 < ring.length; i += 2) {
      const bx = ring[i] ?? 0;
      const by = ring[i + 1] ?? 0;
      if (ay > y !== by > y && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) inside = !inside;
      ax = bx;
      ay = by;
    }
  }
  return inside;
}

/** Whether a polygon and a rectangle have a point in common. */
export function meetsRect(rings: readonly Ring[], rect: Rect): boolean {
  // Either an outline passes through the rectangle, or the rectangle is all inside or all outside.
  return rings.some((ring) => ringCrosses(ring, rect)) || isInside(rings, rect.x, rect.y);
}

function ringCrosses(ring: Ring, rect: Rect): boolean {
  let [ax, ay] = lastPoint(ring);
  for (let i = 0; i + 1 < ring.length; i += 2) {
    const bx = ring[i] ?? 0;
    const by = ring[i + 1] ?? 0;
    if (edgeMeetsRect(ax, ay, bx, by, rect)) return true;
    ax = bx;
    ay = by;
  }
  return false;
}

function lastPoint(ring: Ring): [x: number, y: number] {
  return [ring[ring.length - 2] ?? 0, ring[ring.length - 1] ?? 0];
}

/** Clips an edge to a rectangle (Liang and Barsky): whether anything is left. */
function edgeMeetsRect(ax: number, ay: number, bx: number, by: number, rect: Rect): boolean {
  let enter = 0;
  let leave = 1;
  for (const [start, step, low, high] of [
    [ax, bx - ax, rect.x, rect.x + rect.width],
    [ay, by - ay, rect.y, rect.y + rect.height],
  ] as const) {
    if (step === 0) {
      if (start < low || start > high) return false;
      continue;
    }
    const first = (low - start) / step;
    const second = (high - start) / step;
    enter = Math.max(enter, Math.min(first, second));
    leave = Math.min(leave, Math.max(first, second));
    if (enter > leave) return false;
  }
  return true;
}
