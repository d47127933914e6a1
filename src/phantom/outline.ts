import type { Random } from './random.ts';

/** A star-shaped outline around a centre: the radius is a sum of a few waves over the angle. All in µm. */
export interface Outline {
  readonly x: number;
  readonly y: number;
  /** Mean radius. */
  readonly radius: number;
  /** Largest and smallest radius over all angles. */
  readonly reach: number;
  /** `2k` numbers: amplitude (fraction of the mean radius) and phase of wave number 2, 3, … */
  readonly waves: Float64Array;
}

/** Points of a closed polygon in µm, alternating x and y; the last point does not repeat the first. */
export type UmPolygon = Float64Array;

/**
 * Draws an irregular outline. `roughness` is the amplitude of the strongest wave as a fraction of the
 * radius; higher waves fade.
 */
export function drawOutline(
  random: Random,
  x: number,
  y: number,
  radius: number,
  roughness: number,
  waveCount = 6,
): Outline {
  const waves = new Float64Array(waveCount * 2);
  let reach = 1;
  for (let k = 0; k < waveCount; k++) {
    const amplitude = (roughness * random.between(0.3, 1)) / (1 + 0.55 * k);
    waves[k * 2] = amplitude;
    waves[k * 2 + 1] = random.between(0, Math.PI * 2);
    reach += amplitude;
  }
  return { x, y, radius, reach: radius * reach, waves };
}

export function moveOutline(outline: Outline, x: number, y: number): Outline {
  return { ...outline, x, y };
}

/** Radius of the outline in the direction `angle` (radians). */
export function radiusAt(outline: Outline, angle: number): number {
  const { waves } = outline;
  let r = 1;
  for (let k = 0; k * 2 < waves.length; k++) {
    r += waves[k * 2]! * Math.cos((k + 2) * angle + waves[k * 2 + 1]!);
  }
  return outline.radius * r;
}

/** Approximate distance to the outline along the ray from its centre: positive inside. µm. */
export function depthInside(outline: Outline, x: number, y: number): number {
  const dx = x - outline.x;
  const dy = y - outline.y;
  return radiusAt(outline, Math.atan2(dy, dx)) - Math.hypot(dx, dy);
}

/** Whether a point has at least this depth inside the outline, µm; most points need no angle for that. */
export function isInside(outline: Outline, x: number, y: number, depth: number): boolean {
  const { radius, reach } = outline;
  const distance = Math.hypot(x - outline.x, y - outline.y);
  // No radius is above `reach`, nor as far below the mean as that is above it.
  if (distance > reach - depth + 0.001) return false;
  if (distance < 2 * radius - reach - depth - 0.001) return true;
  return depthInside(outline, x, y) >= depth;
}

/** The outline as a polygon of `count` points. */
export function outlinePolygon(outline: Outline, count: number): UmPolygon {
  const points = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) {
    const angle = (i / count) * Math.PI * 2;
    const r = radiusAt(outline, angle);
    points[i * 2] = outline.x + r * Math.cos(angle);
    points[i * 2 + 1] = outline.y + r * Math.sin(angle);
  }
  return points;
}

/**
 * Smallest distance between the points of two outlines' polygons in µm; 0 when the centre of one is inside
 * the other. Far from `enough` it is a quick bound on the same side of it.
 */
export function gapBetween(
  a: Outline,
  aPoints: UmPolygon,
  b: Outline,
  bPoints: UmPolygon,
  enough: number,
): number {
  const apart = Math.hypot(a.x - b.x, a.y - b.y);
  const bound = apart - a.reach - b.reach;
  if (bound >= enough) return bound;
  // If one is inside the other, their borders may still be far apart.
  if (apart < Math.max(a.radius, b.radius)) return 0;
  const angle = Math.atan2(b.y - a.y, b.x - a.x);
  const onLine = apart - radiusAt(a, angle) - radiusAt(b, angle + Math.PI);
  if (onLine < enough) return onLine;
  let best = Infinity;
  for (let i = 0; i < aPoints.length; i += 2) {
    const px = aPoints[i]!;
    const py = aPoints[i + 1]!;
    for (let j = 0; j < bPoints.length; j += 2) {
      const dx = px - bPoints[j]!;
      const dy = py - bPoints[j + 1]!;
      const d = dx * dx + dy * dy;
      if (d < best) best = d;
    }
  }
  return Math.sqrt(best);
}

/** Area inside the polygon, µm². */
export function polygonArea(points: UmPolygon): number {
  let twice = 0;
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
    twice += points[j]! * points[i + 1]! - points[i]! * points[j + 1]!;
  }
  return Math.abs(twice) / 2;
}
