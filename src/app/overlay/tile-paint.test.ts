import { describe, expect, it } from 'vitest';
import { noSlice } from './map-window.ts';
import type { MapWindow } from './map-window.ts';
import { paintTile } from './tile-paint.ts';
import type { PaintStyle, TileJob } from './tile-paint.ts';

const blue = 0xff9e5000;
const green = 0xff739e00;

function tableOf(...colours: number[]): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(256);
  table.set(colours);
  return table;
}

const filled: PaintStyle = {
  fill: tableOf(0, green, blue),
  confidence: false,
  lines: null,
  lineWidth: 1.5,
  lineOpacity: 1,
  hatch: null,
};
const outlined: PaintStyle = { ...filled, fill: null, lines: tableOf(0, green, blue) };

/** A window of one class value per place, and the job that shows its middle at `zoom` pixels per pixel of the map. */
function jobOf(side: number, zoom: number, classAt: (x: number, y: number) => number): TileJob {
  const classes = new Uint8Array(side * side);
  for (let at = 0; at < classes.length; at++) classes[at] = classAt(at % side, Math.floor(at / side));
  const window: MapWindow = { width: side, height: side, classes, confidence: null };
  const size = Math.round((side - 12) * zoom);
  return {
    window,
    toWindow: { a: 1 / zoom, b: 0, c: 0, d: 1 / zoom, e: 6, f: 6 },
    width: size,
    height: size,
    isFinest: true,
    originX: 0,
    originY: 0,
  };
}

/** Opacity of a picture, 0 to 255, at a place. */
function opacity(pixels: Uint8ClampedArray | null, width: number, x: number, y: number): number {
  return pixels?.[4 * (y * width + x) + 3] ?? 0;
}

describe('paintTile', () => {
  it('fills a class in its colour, and leaves background and what is not segmented bare', () => {
    const job = jobOf(40, 1, (x) => (x < 15 ? 1 : x < 25 ? 0 : noSlice));
    const { fill, marks } = paintTile(job, filled);
    expect([...fill!.slice(0, 4)]).toEqual([0x00, 0x9e, 0x73, 255]);
    expect(opacity(fill, job.width, 14, 5)).toBe(0);
    expect(opacity(fill, job.width, 24, 5)).toBe(0);
    expect(marks).toBeNull();
  });

  it('keeps the area of a disc', () => {
    const radius = 20;
    const job = jobOf(64, 3, (x, y) => (Math.hypot(x - 31.5, y - 31.5) < radius ? 2 : 0));
    const { fill } = paintTile(job, filled);
    let area = 0;
    for (let at = 3; at < fill!.length; at += 4) area += fill![at]! / 255 / 9;
    expect(area / (Math.PI * radius ** 2)).toBeGreaterThan(0.99);
    expect(area / (Math.PI * radius ** 2)).toBeLessThan(1.01);
  });

  // A straight border of slope 1 : 4 is a staircase on the map. Where it crosses each column must lie on a straight line.
  it.each([
    [2.5, 0.4],
    [6, 0.4],
  ])('draws a slanted border as a straight line, not a staircase, at %s pixels per pixel', (zoom, most) => {
    const job = jobOf(60, zoom, (x, y) => (y > 20 + x / 4 ? 1 : 0));
    const { fill } = paintTile(job, filled);
    const crossings: number[] = [];
    for (let x = 10; x < job.width - 10; x++) {
      let bare = 0;
      for (let y = 0; y < job.height; y++) bare += 1 - opacity(fill, job.width, x, y) / 255;
      crossings.push(bare - (x + 0.5) / 4);
    }
    const mean = crossings.reduce((sum, each) => sum + each, 0) / crossings.length;
    const worst = Math.max(...crossings.map((each) => Math.abs(each - mean)));
    // In pixels of the map; steps would be half a pixel off.
    expect(worst / zoom).toBeLessThan(most / 2);
    // On the staircase's mean: on every row of the map half of each step is on either side.
    expect(mean / zoom).toBeCloseTo(20 - 6 + 6 / 4 + 0.5 + 3 / 8, 0);
  });

  it('draws the outline as wide as asked for, whatever the zoom, and nothing within the class', () => {
    for (const zoom of [1, 2, 5]) {
      const job = jobOf(60, zoom, (x) => (x < 30 ? 1 : 0));
      const { marks } = paintTile(job, { ...outlined, lineWidth: 2 });
      const middle = Math.floor(job.height / 2);
      let coloured = 0;
      for (let x = 0; x < job.width; x++) {
        const at = 4 * (middle * job.width + x);
        // The rim is dark and half transparent.
        if (marks![at + 3]! > 200 && marks![at + 1]! > 100) coloured += 1;
      }
      expect(coloured, `zoom ${zoom}`).toBe(2);
      expect(opacity(marks, job.width, 2, middle)).toBe(0);
    }
  });

  it('draws no line at the end of what is segmented', () => {
    const job = jobOf(40, 3, (x) => (x < 20 ? 1 : noSlice));
    const { fill, marks } = paintTile(job, { ...outlined, fill: filled.fill });
    expect(marks).toBeNull();
    expect(opacity(fill, job.width, Math.floor((20 - 6) * 3) - 1, 30)).toBe(255);
    expect(opacity(fill, job.width, Math.floor((20 - 6) * 3) + 1, 30)).toBe(0);
  });

  it('is the same picture when the view is turned by a quarter', () => {
    const job = jobOf(40, 2, (x, y) => (Math.hypot(x - 22, y - 18) < 7 ? 1 : 0));
    const turned = { ...job, toWindow: { a: 0, b: 0.5, c: -0.5, d: 0, e: 6 + job.width / 2, f: 6 } };
    const [one, other] = [paintTile(job, filled).fill, paintTile(turned, filled).fill];
    const { width } = job;
    for (const [x, y] of [
      [10, 20],
      [31, 24],
      [24, 25],
      [40, 30],
    ] as const) {
      expect(opacity(other, width, y, width - 1 - x)).toBe(opacity(one, width, x, y));
    }
  });

  it('shows confidence where there is a class, none where it is masked', () => {
    const base = jobOf(40, 1, (x) => (x < 20 ? 1 : 255));
    const confidence = new Uint8Array(1600).fill(200);
    const job = { ...base, window: { ...base.window, confidence } };
    const table = new Uint32Array(256);
    table[200] = blue;
    const { fill } = paintTile(job, { ...filled, confidence: true, fill: table });
    expect([...fill!.slice(0, 4)]).toEqual([0x00, 0x50, 0x9e, 255]);
    expect(opacity(fill, job.width, 20, 3)).toBe(0);
  });
});
