/** Classes of a map as polygons with holes, exactly along pixel edges or simplified. */
import { BorderTracer, type TracedPiece } from './trace-borders.ts';

/** A 4-connected piece of one class. Rings alternate x and y in map pixels and are not closed. */
export interface TracedPolygon {
  readonly classValue: number;
  /** Clockwise on screen (y downwards). Never touches itself. */
  readonly outer: readonly number[];
  /** Anticlockwise on screen. May touch `outer` and each other in single points. */
  readonly holes: readonly (readonly number[])[];
}

export interface TraceOptions {
  /** Values that become polygons. */
  readonly isTraced: (value: number) => boolean;
  /**
   * Greatest distance between a simplified outline and the exact one, in map pixels; 0 (default) for exact.
   */
  readonly tolerance?: number;
}

/**
 * Takes the rows of a map and emits polygons as they end; memory holds only the outlines that reach the
 * current row.
 */
export class PolygonTracer {
  readonly #borders: BorderTracer;

  constructor(options: TraceOptions, onPolygon: (polygon: TracedPolygon) => void) {
    this.#borders = new BorderTracer(options.isTraced, (piece) =>
      onPolygon(polygonOf(piece, options.tolerance ?? 0)),
    );
  }

  /** Adds the next row; every row has the same length. */
  row(values: Uint8Array): void {
    this.#borders.row(values);
  }

  finish(): void {
    this.#borders.finish();
  }
}

/** All polygons of a map of `width` columns, row by row. */
export function tracePolygons(map: Uint8Array, width: number, options: TraceOptions): TracedPolygon[] {
  const polygons: TracedPolygon[] = [];
  const tracer = new PolygonTracer(options, (polygon) => polygons.push(polygon));
  for (let at = 0; at < map.length; at += width) tracer.row(map.subarray(at, at + width));
  tracer.finish();
  return polygons;
}

function polygonOf({ value, lines }: TracedPiece, tolerance: number): TracedPolygon {
  let outer: readonly number[] = [];
  const holes: (readonly number[])[] = [];
  for (const ring of joinRings(lines)) {
    if (signedArea(ring) > 0) outer = simplifyRing(ring, tolerance);
    else {
      const hole = simplifyRing(ring, tolerance);
      // A hole that simplification would flatten is too small to keep.
      if (hole.length >= 6) holes.push(hole);
    }
  }
  return { classValue: value, outer, holes };
}

/** Headings, clockwise on screen. */
const right = 0;
const down = 1;
const left = 2;
const up = 3;

/** A corner as one number: exact for maps of less than 2^22 columns and 2^29 rows. */
function cornerKey(x: number, y: number): number {
  return y * 2 ** 22 + x;
}

/**
 * Joins directed lines into rings. Where two pixels of a piece touch at a corner, four lines meet: each ring
 * stays with the pixel it comes from, and a ring that passes such a corner twice is split there, so that no
 * ring touches itself.
 */
function joinRings(lines: readonly number[]): number[][] {
  const count = lines.length / 4;
  const leaving = new Map<number, number>();
  const heading = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const x1 = lines[4 * i] ?? 0;
    const y1 = lines[4 * i + 1] ?? 0;
    const x2 = lines[4 * i + 2] ?? 0;
    const y2 = lines[4 * i + 3] ?? 0;
    const direction = y1 === y2 ? (x2 > x1 ? right : left) : y2 > y1 ? down : up;
    heading[i] = direction;
    leaving.set(4 * cornerKey(x1, y1) + direction, i);
  }
  const used = new Uint8Array(count);
  const rings: number[][] = [];
  for (let first = 0; first < count; first++) {
    if (used[first] === 1) continue;
    let ring: number[] = [];
    /** Positions in `ring` of the corners at which four lines meet. */
    const crossings = new Map<number, number>();
    for (let line = first; used[line] === 0;) {
      used[line] = 1;
      const x = lines[4 * line] ?? 0;
      const y = lines[4 * line + 1] ?? 0;
      const corner = cornerKey(x, y);
      const direction = heading[line] ?? 0;
      // At a crossing, the other line leaves in the opposite direction.
      if (leaving.has(4 * corner + ((direction + 2) % 4))) {
        const seen = crossings.get(corner);
        if (seen === undefined) crossings.set(corner, ring.length);
        else {
          rings.push(ring.slice(seen));
          ring = ring.slice(0, seen);
          for (const [other, place] of crossings) if (place > seen) crossings.delete(other);
        }
      }
      ring.push(x, y);
      const end = 4 * cornerKey(lines[4 * line + 2] ?? 0, lines[4 * line + 3] ?? 0);
      const next = leaving.get(end + ((direction + 1) % 4)) ?? leaving.get(end + ((direction + 3) % 4));
      if (next === undefined) throw new Error('The border of a piece is open.');
      line = next;
    }
    rings.push(ring);
  }
  return rings;
}

/** Twice the area: above 0 where the ring runs clockwise on screen. */
function signedArea(ring: readonly number[]): number {
  let sum = 0;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    sum += (ring[j] ?? 0) * (ring[i + 1] ?? 0) - (ring[i] ?? 0) * (ring[j + 1] ?? 0);
  }
  return sum;
}

/**
 * Douglas–Peucker simplification of a closed ring, starting from its first point and the point farthest from
 * it. An outer outline that it would flatten stays unchanged.
 */
function simplifyRing(ring: readonly number[], tolerance: number): readonly number[] {
  const count = ring.length / 2;
  if (tolerance <= 0 || count <= 4) return ring;
  let furthest = 0;
  let most = -1;
  for (let i = 1; i < count; i++) {
    const distance = Math.hypot((ring[2 * i] ?? 0) - (ring[0] ?? 0), (ring[2 * i + 1] ?? 0) - (ring[1] ?? 0));
    if (distance > most) [most, furthest] = [distance, i];
  }
  const kept = new Uint8Array(count + 1);
  kept[0] = kept[furthest] = kept[count] = 1;
  const open: [number, number][] = [
    [0, furthest],
    [furthest, count],
  ];
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    const [from, to] = span;
    let worst = -1;
    let worstDistance = tolerance;
    for (let i = from + 1; i < to; i++) {
      const distance = distanceToSegment(ring, i, from, to % count);
      if (distance > worstDistance) [worstDistance, worst] = [distance, i];
    }
    if (worst < 0) continue;
    kept[worst] = 1;
    open.push([from, worst], [worst, to]);
  }
  const result: number[] = [];
  for (let i = 0; i < count; i++) if (kept[i] === 1) result.push(ring[2 * i] ?? 0, ring[2 * i + 1] ?? 0);
  if (result.length >= 6) return result;
  return signedArea(ring) > 0 ? ring : [];
}

function distanceToSegment(ring: readonly number[], point: number, from: number, to: number): number {
  const x = ring[2 * point] ?? 0;
  const y = ring[2 * point + 1] ?? 0;
  const x0 = ring[2 * from] ?? 0;
  const y0 = ring[2 * from + 1] ?? 0;
  const dx = (ring[2 * to] ?? 0) - x0;
  const dy = (ring[2 * to + 1] ?? 0) - y0;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length));
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}
