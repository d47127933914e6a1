/** Outlines of objects as polygons on the slide, and back to pixels. Pure. */
import { PolygonTracer } from '../annotation/trace-polygons.ts';
import type { MapObject } from './map-object.ts';
import { RunList, type Runs } from './runs.ts';

/** Level-0 pixels per map pixel, per axis. */
export interface MapScale {
  readonly x: number;
  readonly y: number;
}

/** Rings alternate x and y and are not closed. */
export interface ObjectPolygon {
  readonly outer: readonly number[];
  readonly holes: readonly (readonly number[])[];
}

/**
 * The object's outline, level-0 pixels: one polygon, or several where merging joined pieces that do not touch.
 * @param tolerance maximum deviation from the pixels' edges, map pixels; 0 for exact.
 */
export function polygonsOf({ runs, box }: MapObject, scale: MapScale, tolerance = 0): ObjectPolygon[] {
  const polygons: ObjectPolygon[] = [];
  const { left, top, right, bottom } = box;
  const place = (ring: readonly number[]): number[] =>
    ring.map((value, at) => round(at % 2 === 0 ? (value + left) * scale.x : (value + top) * scale.y));
  const tracer = new PolygonTracer({ isTraced: (value) => value === 1, tolerance }, ({ outer, holes }) =>
    polygons.push({ outer: place(outer), holes: holes.map(place) }),
  );
  const line = new Uint8Array(right - left);
  for (let row = top, at = 0; row < bottom; row++) {
    line.fill(0);
    for (; at < runs.rows.length && runs.rows[at] === row; at++) {
      line.fill(1, (runs.starts[at] ?? 0) - left, (runs.ends[at] ?? 0) - left);
    }
    tracer.row(line);
  }
  tracer.finish();
  return polygons;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Most pixels of a side of a shape on the map: shapes from files and records may claim anything. */
const mostSide = 2 ** 20;

/**
 * The map pixels whose centres lie inside of some rings (by the even-odd rule), without classes.
 * @param rings level-0 pixels; x and y alternate.
 */
export function runsInside(rings: readonly ArrayLike<number>[], scale: MapScale): Runs {
  const runs = new RunList();
  const edges: { readonly x: number; readonly y: number; readonly slope: number; readonly end: number }[] =
    [];
  for (const ring of rings) {
    const count = ring.length >> 1;
    for (let i = 0; i < count; i++) {
      const next = (i + 1) % count;
      const [x0, y0] = [(ring[2 * i] ?? 0) / scale.x, (ring[2 * i + 1] ?? 0) / scale.y];
      const [x1, y1] = [(ring[2 * next] ?? 0) / scale.x, (ring[2 * next + 1] ?? 0) / scale.y];
      if (y0 === y1) continue;
      const [x, y, end] = y0 < y1 ? [x0, y0, y1] : [x1, y1, y0];
      edges.push({ x, y, slope: (x1 - x0) / (y1 - y0), end });
    }
  }
  if (edges.length === 0) return runs;
  edges.sort((one, other) => one.y - other.y);
  const top = Math.max(0, Math.ceil((edges[0]?.y ?? 0) - 0.5));
  const bottom = edges.reduce((most, { end }) => Math.max(most, end), 0);
  if (!(bottom - top < mostSide)) return runs;
  let active: typeof edges = [];
  for (let row = top, at = 0; row + 0.5 < bottom; row++) {
    const centre = row + 0.5;
    for (; at < edges.length && (edges[at]?.y ?? 0) <= centre; at++) {
      const edge = edges[at];
      if (edge !== undefined) active.push(edge);
    }
    active = active.filter(({ end }) => end > centre);
    const crossings = active
      .map(({ x, y, slope }) => x + (centre - y) * slope)
      .sort((one, other) => one - other);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const start = Math.max(0, Math.ceil((crossings[i] ?? 0) - 0.5));
      const end = Math.max(0, Math.ceil((crossings[i + 1] ?? 0) - 0.5));
      if (end > start) runs.push(row, start, end, 0, 0);
    }
  }
  return runs;
}

/** Number of pixels. */
export function pixelsOf({ starts, ends }: Pick<Runs, 'starts' | 'ends'>): number {
  let pixels = 0;
  for (let i = 0; i < starts.length; i++) pixels += (ends[i] ?? 0) - (starts[i] ?? 0);
  return pixels;
}
