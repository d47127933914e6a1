import { expect, it } from 'vitest';
import { compare, createComparison, figuresOf, pool } from './comparison.ts';

it('pools images as if their pixels were one', () => {
  const pixels = {
    truth: Uint8Array.of(0, 1, 1, 2),
    classes: Uint8Array.of(0, 1, 2, 2),
    confidence: Uint8Array.of(255, 204, 153, 255),
    counted: Uint8Array.of(1, 1, 1, 0),
  };
  const [whole, first, second, pooled] = [0, 1, 2, 3].map(() => createComparison(3));
  compare(whole!, pixels);
  compare(first!, { ...pixels, counted: Uint8Array.of(1, 0, 0, 0) });
  compare(second!, { ...pixels, counted: Uint8Array.of(0, 1, 1, 0) });
  pool(pooled!, first!);
  pool(pooled!, second!);
  expect(pooled).toEqual(whole);
  // One of 1, one of {1, 2}, none of {2}; the last pixel does not count. Bins 1.0, 0.8 and 0.6: |1 − 1|, |1 −
  // 0.8|, |0 − 0.6|.
  const { iou, accuracy, calibration } = figuresOf(pooled!);
  expect(iou).toEqual([1, 0.5, 0]);
  expect(accuracy).toBeCloseTo(2 / 3, 12);
  expect(calibration.ece).toBeCloseTo((0 + 0.2 + 0.6) / 3, 12);
});
