import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseImageScope, toClassPolygons } from '../annotation/read-imagescope.ts';
import { rasterise } from '../annotation/rasterise.ts';
import { writeImageScope } from '../annotation/write-imagescope.ts';
import { phantomClass, spacing } from './structure.ts';
import { polygonArea } from './outline.ts';
import { createPhantom, phantomClassNames, type Phantom } from './phantom.ts';
import { renderClasses, renderRgb } from './render.ts';

const widthUm = 6500;
const heightUm = 5200;
const make = (seed: number): Phantom => createPhantom({ seed, widthUm, heightUm });
const one = make(7);

describe('a phantom', () => {
  it('is the same for the same seed, and different for another', () => {
    const rect = { x: 1000, y: 1500, width: 300, height: 200 };
    const again = renderRgb(make(7), rect, 150, 100);
    expect(renderRgb(one, rect, 150, 100).data).toEqual(again.data);
    expect(renderRgb(make(8), rect, 150, 100).data).not.toEqual(again.data);
  });

  it('is the same drawn at once or in pieces, over structures of every kind', () => {
    const [lobule] = one.layout.lobules;
    const [mass] = one.layout.masses;
    for (const { outline } of [lobule!, mass!]) {
      const x = Math.round(outline.x) - 350;
      const y = Math.round(outline.y) - 100;
      const whole = renderRgb(one, { x, y, width: 700, height: 130 }, 700, 130);
      // Odd pieces that never match the renderer's own blocks.
      for (const [left, width] of [
        [0, 233],
        [233, 401],
        [634, 66],
      ] as const) {
        const piece = renderRgb(one, { x: x + left, y, width, height: 130 }, width, 130);
        let wrong = 0;
        for (let row = 0; row < 130; row++) {
          for (let i = 0; i < width * 4; i++) {
            if (piece.data[row * width * 4 + i] !== whole.data[(row * 700 + left) * 4 + i]) wrong++;
          }
        }
        expect(wrong).toBe(0);
      }
    }
  });

  it('keeps its pixels when the drawing becomes faster', () => {
    // Of version 4, before rows and columns shared their noise. Other pixels need another `phantomVersion`.
    const [lobule] = one.layout.lobules;
    const [mass] = one.layout.masses;
    const hashes = [lobule!, mass!].map(({ outline: { x, y } }) => {
      const rect = { x: x - 150.3, y: y - 400.1, width: 700, height: 500 };
      const hash = createHash('sha256').update(renderRgb(one, rect, 350, 250).data);
      hash.update(renderRgb(one, { ...rect, width: 70, height: 50 }, 280, 200).data);
      return hash.digest('hex').slice(0, 16);
    });
    expect(hashes).toEqual(['b9bacd2bad914074', '4ea0f05e58a16529']);
  });

  it('draws into memory of the right size only', () => {
    const rect = { x: 1000, y: 1500, width: 30, height: 20 };
    const memory = new Uint8ClampedArray(30 * 20 * 4);
    expect(renderRgb(one, rect, 30, 20, memory).data).toBe(memory);
    expect(memory).toEqual(renderRgb(one, rect, 30, 20).data);
    expect(() => renderRgb(one, rect, 30, 20, new Uint8ClampedArray(30 * 20 * 3))).toThrow(RangeError);
  });

  it('shows the same tissue at another scale', () => {
    const { x, y } = one.layout.lobules[0]!.outline;
    const rect = { x: x - 300, y: y - 300, width: 600, height: 600 };
    const fine = renderRgb(one, rect, 600, 600).data;
    const coarse = renderRgb(one, rect, 150, 150).data;
    let difference = 0;
    for (let row = 0; row < 150; row++) {
      for (let column = 0; column < 150; column++) {
        let sum = 0;
        for (let k = 0; k < 16; k++)
          sum += fine[((row * 4 + (k >> 2)) * 600 + column * 4 + (k & 3)) * 4 + 1]!;
        difference += Math.abs(sum / 16 - coarse[(row * 150 + column) * 4 + 1]!);
      }
    }
    // Mean difference of the green channel; two unrelated places differ by about 35.
    expect(difference / 150 ** 2).toBeLessThan(14);
  });

  it('is background outside the slide', () => {
    const { data } = renderRgb(one, { x: -900, y: -900, width: 400, height: 400 }, 40, 40);
    expect(Math.min(...data)).toBeGreaterThan(230);
  });

  it('rejects invalid sizes', () => {
    expect(() => createPhantom({ seed: 1, widthUm: 0, heightUm: 5 })).toThrow(RangeError);
    expect(() => renderRgb(one, { x: 0, y: 0, width: 5, height: 5 }, 0, 5)).toThrow(RangeError);
  });

  it('has an XML whose raster is the mask', () => {
    const mpp = 0.8;
    const shapes = one.regions.map(({ classIndex, polygonUm }) => ({
      label: phantomClassNames[classIndex]!,
      points: polygonUm.map((um) => um / mpp),
    }));
    const polygons = toClassPolygons(
      parseImageScope(writeImageScope(shapes, mpp), 'p.xml'),
      { benign: 1, 'in situ': 2, invasive: 3 },
      'p.xml',
    );
    const width = Math.floor(widthUm / 8);
    const height = Math.floor(heightUm / 8);
    const fromXml = rasterise(
      polygons,
      { x: 0, y: 0, width: (width * 8) / mpp, height: (height * 8) / mpp },
      width,
      height,
    );
    const mask = renderClasses(one, { x: 0, y: 0, width: width * 8, height: height * 8 }, width, height);
    const equal = mask.filter((value, i) => value === fromXml[i]).length;
    expect(equal / mask.length).toBeGreaterThan(0.99);
    // The mask also has about the areas of the outlines.
    for (const classIndex of [1, 2, 3]) {
      const drawn = one.regions
        .filter((region) => region.classIndex === classIndex)
        .reduce((sum, region) => sum + polygonArea(region.polygonUm), 0);
      const painted = mask.filter((value) => value === classIndex).length * 64;
      expect(Math.abs(painted - drawn)).toBeLessThanOrEqual(0.02 * drawn);
    }
  });
});

describe('the layout of 12 × 10 mm', () => {
  const phantoms = [1, 2, 3].map((seed) => createPhantom({ seed, widthUm: 12000, heightUm: 10000 }));

  it('holds all four classes', () => {
    for (const phantom of phantoms) {
      const mask = renderClasses(phantom, { x: 0, y: 0, width: 12000, height: 10000 }, 600, 500);
      for (const classIndex of [0, 1, 2, 3]) {
        const share = mask.filter((value) => value === classIndex).length / mask.length;
        expect(share).toBeGreaterThan(0.008);
      }
    }
  });

  it('keeps labelled structures farther apart than a 467 µm field reaches', () => {
    for (const { layout } of phantoms) {
      const all = [...layout.masses, ...layout.lobules, ...layout.foci];
      for (let i = 0; i < all.length; i++) {
        for (let j = 0; j < i; j++) {
          expect(gap(all[i]!.polygon, all[j]!.polygon)).toBeGreaterThanOrEqual(467);
        }
      }
    }
  });

  it('has small foci only', () => {
    for (const { layout } of phantoms) {
      expect(layout.foci.length).toBeGreaterThan(5);
      for (const { polygon } of layout.foci) {
        const xs = polygon.filter((_, i) => i % 2 === 0);
        expect(Math.max(...xs) - Math.min(...xs)).toBeLessThanOrEqual(350);
      }
    }
  });

  it('distinguishes benign from in situ only by the neighbours', () => {
    for (const { layout } of phantoms) {
      for (const lobule of layout.lobules) {
        const gaps = layout.lobules
          .filter((other) => other !== lobule)
          .map((other) => gap(lobule.polygon, other.polygon))
          .sort((a, b) => a - b);
        if (lobule.classIndex === phantomClass.inSitu) expect(gaps[1]).toBeLessThan(spacing.crowded + 20);
        else expect(gaps[0] ?? Infinity).toBeGreaterThanOrEqual(spacing.benign - 20);
      }
    }
  });
});

/** Smallest distance of two polygons' points, µm. */
function gap(a: Float64Array, b: Float64Array): number {
  let best = Infinity;
  for (let i = 0; i < a.length; i += 2) {
    for (let j = 0; j < b.length; j += 2) {
      best = Math.min(best, Math.hypot(a[i]! - b[j]!, a[i + 1]! - b[j + 1]!));
    }
  }
  return best;
}
