import { expect, it } from 'vitest';
import { LiveClassMap } from '../overlay/class-map-store.ts';
import type { LayerContent } from '../session/layer-content.ts';
import { FiguresSession } from '../truth/figures-session.ts';
import { disagreementOf, summarise } from './slide-summary.ts';

const classes = [
  { name: 'normal', colour: '#999999', background: true },
  { name: 'gland', colour: '#009E73', background: false },
];
/** 6 × 4 level-0 pixels: the right half of the second slice lies outside. */
const slide = { width: 6, height: 4 };

/** Two slices of 4 × 4 pixels. */
function layer(first: readonly number[], confidence: number, size = 4): LayerContent {
  const map = new LiveClassMap();
  [0, 1].forEach((column) => {
    const cell = {
      column,
      row: 0,
      rect: { x: 4 * column, y: 0, width: 4, height: 4 },
      size,
      classes: column === 0 ? new Uint8Array(first) : new Uint8Array(size ** 2),
      confidence: new Uint8Array(size ** 2).fill(column === 0 ? confidence : 255),
    };
    map.add(cell, slide);
  });
  return { title: 'Alpha', classes, map };
}

const halfGland = [1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0];
/** The upper half is tissue. */
const tissue = { width: 3, height: 2, scaleX: 2, scaleY: 2, tissue: new Uint8Array([1, 1, 1, 0, 0, 0]) };
const mpp = { x: 1000, y: 1000 };

it('measures areas and confidence on tissue within the slide', async () => {
  const mask = tissue as never;
  const result = await summarise(new FiguresSession(), layer(halfGland, 51), { slide, mpp, tissue: mask }, 2);
  // Upper half: 4 pixels of gland, 4 of normal, and 4 of the second slice; a pixel is 1 mm².
  expect(result.segmentedMm2).toBe(12);
  expect(result.classes).toEqual([
    { name: 'normal', background: true, mm2: 8, shareOfTissue: 8 / 12 },
    { name: 'gland', background: false, mm2: 4, shareOfTissue: 4 / 12 },
  ]);
  // 8 pixels at 0.2, 4 at 1.
  expect(result.confidence).toBeCloseTo((8 * 0.2 + 4) / 12, 6);
  expect([result.title, result.broken, result.warning, result.mpp]).toEqual(['Alpha', 2, null, 1000]);
});

it('measures where two models differ, also on grids of other resolution', async () => {
  const one = layer(halfGland, 255);
  const all = { slide, mpp, tissue: null };
  // 8 of 24 pixels differ: the left half of the first slice is gland in one of them alone.
  expect(await disagreementOf(one, layer(Array<number>(16).fill(0), 255), all)).toBeCloseTo(8 / 24, 6);
  expect(await disagreementOf(one, layer([1, 0, 1, 0], 255, 2), all)).toBe(0);
  const unlike = { ...one, classes: [classes[0]!, { ...classes[1]!, name: 'stroma' }] };
  expect(await disagreementOf(one, unlike, all)).toBeNull();
});
