import { describe, expect, it } from 'vitest';
import { rasterise } from './rasterise.ts';
import { PolygonTracer, tracePolygons, type TracedPolygon } from './trace-polygons.ts';

const isTraced = (value: number): boolean => value !== 0;

/** Reads a map from a drawing. */
function mapOf(...rows: string[]): { map: Uint8Array; width: number } {
  return { map: Uint8Array.from(rows.join(''), Number), width: rows[0]!.length };
}

function painted(polygons: readonly TracedPolygon[], width: number, height: number): Uint8Array {
  const shapes = polygons.map(({ classValue, outer, holes }) => ({ classIndex: classValue, outer, holes }));
  return rasterise(shapes, { x: 0, y: 0, width, height }, width, height);
}

/** Twice the area by the shoelace formula; above 0 is clockwise on screen. */
function area(ring: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < ring.length; i += 2) {
    const next = (i + 2) % ring.length;
    sum += ring[i]! * ring[next + 1]! - ring[next]! * ring[i + 1]!;
  }
  return sum;
}

/** Random blobs of three classes and specks, from a seed. */
function noisyMap(width: number, height: number, seed: number): Uint8Array {
  let state = seed;
  const random = (): number => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  return Uint8Array.from({ length: width * height }, (_value, i) => {
    const x = i % width;
    const y = Math.floor(i / width);
    const wave = Math.sin(x / 7 + seed) + Math.cos(y / 5) + Math.sin((x + y) / 11);
    return random() < 0.2 ? Math.floor(random() * 4) : wave > 1 ? 1 : wave < -1 ? 2 : 0;
  });
}

describe('tracePolygons', () => {
  it('traces a square with a hole', () => {
    const { map, width } = mapOf('00000', '01110', '01010', '01110');
    expect(tracePolygons(map, width, { isTraced })).toEqual([
      { classValue: 1, outer: [1, 1, 4, 1, 4, 4, 1, 4], holes: [[3, 2, 2, 2, 2, 3, 3, 3]] },
    ]);
  });

  it('treats pixels that touch at a corner as two pieces', () => {
    const { map, width } = mapOf('10', '01');
    expect(tracePolygons(map, width, { isTraced }).map(({ outer }) => outer)).toEqual([
      [0, 0, 1, 0, 1, 1, 0, 1],
      [1, 1, 2, 1, 2, 2, 1, 2],
    ]);
  });

  it('makes a hole of an area that a piece encloses corner to corner, so that no ring touches itself', () => {
    // The two arms of the piece meet at (3, 2) and enclose the pixels under the arch.
    const { map, width } = mapOf('11110', '10010', '10100', '11100');
    const [polygon, ...more] = tracePolygons(map, width, { isTraced });
    expect(more).toEqual([]);
    expect(polygon!.holes).toHaveLength(1);
    expect(area(polygon!.outer)).toBe(2 * 14);
    expect(area(polygon!.holes[0]!)).toBe(-2 * 3);
    for (const ring of [polygon!.outer, ...polygon!.holes]) {
      const corners = ring.flatMap((x, i) => (i % 2 === 0 ? [`${x},${ring[i + 1]}`] : []));
      expect(new Set(corners).size).toBe(corners.length);
    }
  });

  it('puts a piece in a hole of another piece', () => {
    const { map, width } = mapOf('11111', '10001', '10201', '10001', '11111');
    const polygons = tracePolygons(map, width, { isTraced });
    expect(polygons.map(({ classValue, holes }) => [classValue, holes.length])).toEqual([
      [2, 0],
      [1, 1],
    ]);
  });

  it.each([1, 2, 3, 4])('restores the map pixel by pixel when painted (%i)', (seed) => {
    const [width, height] = [83, 61];
    const map = noisyMap(width, height, seed);
    const polygons = tracePolygons(map, width, { isTraced });
    expect(painted(polygons, width, height)).toEqual(map);
    let total = 0;
    for (const { outer, holes } of polygons) {
      expect(area(outer)).toBeGreaterThan(0);
      total += area(outer);
      for (const hole of holes) {
        expect(area(hole)).toBeLessThan(0);
        total += area(hole);
      }
    }
    expect(total / 2).toBe(map.filter((value) => value !== 0).length);
  });

  it('emits pieces as they end', () => {
    const given: number[] = [];
    const tracer = new PolygonTracer({ isTraced }, ({ classValue }) => given.push(classValue));
    for (const row of ['1020', '0020', '0020']) tracer.row(Uint8Array.from(row, Number));
    expect(given).toEqual([1]);
    tracer.finish();
    expect(given).toEqual([1, 2]);
  });

  it('simplifies within the tolerance', () => {
    const side = 80;
    const disc = Uint8Array.from({ length: side * side }, (_value, i) =>
      Math.hypot((i % side) + 0.5 - 40, Math.floor(i / side) + 0.5 - 40) < 30 ? 1 : 0,
    );
    const [exact] = tracePolygons(disc, side, { isTraced });
    const [simple] = tracePolygons(disc, side, { isTraced, tolerance: 1 });
    expect(simple!.outer.length).toBeLessThan(exact!.outer.length / 4);
    const back = painted([simple!], side, side);
    const same = back.filter((value, i) => value === disc[i]).length;
    expect(same / disc.length).toBeGreaterThan(0.99);
    // One pixel is far below a tolerance of 5, but must not be lost.
    const [speck] = tracePolygons(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0), 3, { isTraced, tolerance: 5 });
    expect(speck!.outer).toEqual([1, 1, 2, 1, 2, 2, 1, 2]);
  });
});
