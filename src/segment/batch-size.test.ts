import { expect, it } from 'vitest';
import { BatchSize, nextBatch } from './batch-size.ts';

const limits = { most: 16, longestMs: 1000 };

/** Runs batches that take `ms(size)` until the size stays. */
function settle(batch: BatchSize, ms: (size: number) => number): number {
  for (let i = 0; i < 100; i++) batch.note(batch.size, ms(batch.size));
  return batch.size;
}

it('grows while slices get cheaper, and goes back when they do not', () => {
  // A start of 8 ms and 1 ms a slice: 9, 5, 3, 2, 1.5 ms a slice.
  expect(settle(new BatchSize(limits), (size) => 8 + size)).toBe(16);
  // Full with four slices.
  expect(settle(new BatchSize(limits), (size) => 8 * Math.ceil(size / 4))).toBe(4);
  // A processor: twice the slices, twice the time.
  expect(settle(new BatchSize(limits), (size) => 5 * size)).toBe(1);
});

it('keeps a batch short enough for a new view, and within its limit', () => {
  expect(settle(new BatchSize({ most: 16, longestMs: 150 }), (size) => 50 + 10 * size)).toBe(4);
  expect(settle(new BatchSize({ most: 2, longestMs: 1000 }), () => 8)).toBe(2);
  expect(settle(new BatchSize({ most: 1, longestMs: 1000 }), () => 8)).toBe(1);
});

it('does not count the first batch of a size, which compiles', () => {
  const seen = new Set<number>();
  const ms = (size: number): number => {
    const first = !seen.has(size);
    seen.add(size);
    return 8 + (first ? 500 : 0);
  };
  expect(settle(new BatchSize(limits), ms)).toBe(16);
});

it('halves after a failure and never grows again', () => {
  const batch = new BatchSize(limits);
  settle(batch, () => 8);
  expect(batch.halve()).toBe(true);
  expect(settle(batch, () => 8)).toBe(8);
  for (const size of [4, 2, 1]) {
    expect(batch.halve()).toBe(true);
    expect(batch.size).toBe(size);
  }
  expect(batch.halve()).toBe(false);
});

it('grows to its limits where large batches are known to be best, however noisy the clock', () => {
  const noisy = (size: number): number => (size === 2 ? 30 : 10) * size;
  expect(settle(new BatchSize({ most: 4, longestMs: 200 }), noisy)).toBe(1);
  expect(settle(new BatchSize({ most: 4, longestMs: 200, largeIsBest: true }), noisy)).toBe(4);
  expect(settle(new BatchSize({ most: 4, longestMs: 100, largeIsBest: true }), noisy)).toBe(2);
});

it('measures by batches that are nearly full, and not by small ones', () => {
  const size = (slices: (full: number) => number): number => {
    const batch = new BatchSize({ most: 8, longestMs: 1000 });
    for (let i = 0; i < 100; i++) batch.note(slices(batch.size), 10 + slices(batch.size));
    return batch.size;
  };
  expect(size((full) => full)).toBe(8);
  expect(size((full) => (full === 4 ? 3 : full))).toBe(8);
  expect(size((full) => (full === 4 ? 2 : full))).toBe(4);
});

it('divides the slices of a region evenly', () => {
  const batches = (count: number, most: number): number[] => {
    const sizes: number[] = [];
    for (let rest = count; rest > 0; rest -= sizes.at(-1)!) sizes.push(nextBatch(rest, most));
    return sizes;
  };
  expect(batches(9, 8)).toEqual([5, 4]);
  expect(batches(9, 4)).toEqual([3, 3, 3]);
  expect(batches(8, 8)).toEqual([8]);
  expect(batches(3, 1)).toEqual([1, 1, 1]);
});
