/** Polygons of a few dozen points, as users draw them. Pure; units are the caller's. */
import type { Rect } from './rect.ts';

export type PolygonPoint = readonly [x: number, y: number];

/** Whether a point lies inside, by the even-odd rule. */
export function isInside(polygon: readonly PolygonPoint[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0; i < polygon.length; i++) {
    const [ax, ay] = polygon[i] ?? [0, 0];
    const [bx, by] = polygon[(i + 1) % polygon.length] ?? [0, 0];
    if (ay > y !== by > y && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) inside = !inside;
  }
  return inside;
}

/** Whether polygon and rectangle have a point in common. */
export function meetsRect(polygon: readonly PolygonPoint[], rect: Rect): boolean {
  // Either an edge passes through the rectangle, or one of the two contains the other.
  return (
    polygon.some((from, i) => edgeMeetsRect(from, polygon[(i + 1) % polygon.length] ?? from, rect)) ||
    isInside(polygon, rect.x, rect.y)
  );
}

/** Smallest rectangle around it. */
export function boundsOfPolygon(polygon: readonly PolygonPoint[]): Rect {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** Clips the edge to the rectangle (Liang and Barsky): whether anything is left. */
function edgeMeetsRect([ax, ay]: PolygonPoint, [bx, by]: PolygonPoint, rect: Rect): boolean {
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
    const [first, last] = [(low - start) / step, (high - start) / step].sort((a, b) => a - b) as [
      number,
      number,
    ];
    enter = Math.max(enter, first);
    leave = Math.min(leave, last);
    if (enter > leave) return false;
  }
  return true;
}
