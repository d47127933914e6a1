import { expect, it } from 'vitest';
import { rasterise } from '../annotation/rasterise.ts';
import { createConfusionMatrix, toRows } from '../evaluation/confusion-matrix.ts';
import type { ClassesIn } from '../training/datasets/dataset.ts';
import { addSlice } from './evaluate.ts';

it('compares a slice with the truth under it, as far as the slide reaches', () => {
  const matrix = createConfusionMatrix(3);
  // Truth: class 2 left of x = 120. The slice starts at x = 100; its pixels are 10 wide, their centres at
  // 105, 115, 125 and 135. The slide ends at x = 130: the last column is not counted.
  const truth = [{ classIndex: 2, outer: [0, 0, 120, 0, 120, 100, 0, 100] }];
  const slice = {
    index: 0,
    rect: { x: 100, y: 0, width: 40, height: 40 },
    size: 4,
    classes: Uint8Array.from([2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1]),
    confidence: new Uint8Array(16),
  };
  const truthIn: ClassesIn = (rect, width, height) => rasterise(truth, rect, width, height);
  addSlice(matrix, truthIn, slice, { width: 130, height: 1000 });
  // Column by column: 2 → 2, 2 → 1, 0 → 0; four rows each.
  expect(toRows(matrix)).toEqual([
    [4, 0, 0],
    [0, 0, 0],
    [0, 4, 4],
  ]);
});
