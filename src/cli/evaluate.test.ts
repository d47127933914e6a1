import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rasterise } from '../annotation/rasterise.ts';
import { createComparison } from '../evaluation/comparison.ts';
import { toRows } from '../evaluation/confusion-matrix.ts';
import type { ClassesIn } from '../training/datasets/dataset.ts';
import { addCell } from './evaluate-image.ts';
import { chooseImages, parsePatients } from './evaluate-image.ts';

it('compares a cell with its ground truth, within the slide only', () => {
  const comparison = createComparison(3);
  // Truth: class 2 left of x = 120. The slice starts at x = 100; its pixels are 10 wide, their centres at
  // 105, 115, 125 and 135. The slide ends at x = 130: the last column is not counted.
  const truth = [{ classIndex: 2, outer: [0, 0, 120, 0, 120, 100, 0, 100] }];
  const slice = {
    index: 0,
    rect: { x: 100, y: 0, width: 40, height: 40 },
    size: 4,
    classes: Uint8Array.from([2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1]),
    confidence: new Uint8Array(16).fill(255),
  };
  const truthIn: ClassesIn = (rect, width, height) => rasterise(truth, rect, width, height);
  addCell(comparison, { truth: truthIn, counted: null }, slice, { width: 130, height: 1000 });
  // Column by column: 2 → 2, 2 → 1, 0 → 0; four rows each.
  expect(toRows(comparison.confusion)).toEqual([
    [4, 0, 0],
    [0, 0, 0],
    [0, 4, 4],
  ]);
  expect(comparison.confidence.pixels[9]).toBe(12);
  expect(comparison.confidence.right[9]).toBe(8);
  // The same with glass in the upper half: pixels that don't count are in no figure.
  const lower = createComparison(3);
  const counted: ClassesIn = () => Uint8Array.from({ length: 16 }, (_, i) => Number(i >= 8));
  addCell(lower, { truth: truthIn, counted }, slice, { width: 130, height: 1000 });
  expect(toRows(lower.confusion)).toEqual([
    [2, 0, 0],
    [0, 0, 0],
    [0, 2, 2],
  ]);
});

describe('choice of images', () => {
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'evaluated-'));
    await mkdir(join(data, 'images'));
    await mkdir(join(data, 'masks'));
    for (const name of ['one', 'two', 'three']) await writeFile(join(data, 'images', `${name}.png`), '');
    await writeFile(join(data, 'index.csv'), 'name,patient\none,A\ntwo,B\nthree,C\n');
  });
  afterAll(async () => {
    await rm(data, { recursive: true, force: true });
  });
  const classes = [
    { name: 'normal', colour: '#999999', background: true },
    { name: 'benign', colour: '#009E73', background: false },
  ];
  const chosen = async (heldOutPatients: string[], patients?: string) => {
    const { images, split } = await chooseImages(
      { classes, dataset: { mpp: 0.62, heldOutPatients } },
      { data, ...(patients === undefined ? {} : { patients: parsePatients(patients) }) },
    );
    return [images.map(({ name }) => name).join(), images[0]?.mpp, split];
  };

  it('takes held-out patients and the settings of the manifest on the own dataset', async () => {
    expect(await chosen(['B', 'C'])).toEqual(['two,three', 0.62, 'held-out patients: B, C']);
    expect(await chosen(['B', 'C'], 'C')).toEqual(['three', 0.62, 'held-out patients: C']);
    expect(await chosen(['B', 'C'], 'A, B')).toEqual(['one,two', 0.62, 'patients: A, B']);
    expect(await chosen(['B', 'C'], 'all')).toEqual([
      'one,two,three',
      0.62,
      'all patients, including training patients',
    ]);
  });

  it('takes all images of other datasets', async () => {
    expect(await chosen(['B', 'Z'])).toEqual(['one,two,three', null, 'all images']);
  });
});
