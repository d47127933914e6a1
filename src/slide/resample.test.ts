import { expect, it } from 'vitest';
import { Accumulator, axisWeights } from './resample.ts';

const side = 4;
const white = [255, 255, 255] as const;

function flat(value: number): Uint8ClampedArray {
  return new Uint8ClampedArray(4 * side * side).fill(value);
}

function accumulator(): Accumulator {
  const axis = axisWeights(0, 2, side / 2, side);
  return new Accumulator(axis, axis, side / 2, side / 2);
}

it('keeps images accumulated at the same time apart, and starts each from zero', () => {
  const values = (data: Uint8ClampedArray): number[] => [...new Set(data.filter((_value, i) => i % 4 < 3))];
  const first = accumulator();
  const second = accumulator();
  first.add(flat(10), side, 0, 0, side, side / 2, [...white]);
  second.add(flat(200), side, 0, 0, side, side / 2, [...white]);
  first.add(flat(10), side, 0, side / 2, side, side / 2, [...white]);
  second.add(flat(200), side, 0, side / 2, side, side / 2, [...white]);
  expect(values(first.pixels(white))).toEqual([10]);
  // Reuses the memory that the first one returned, while the second is still at work.
  const third = accumulator();
  third.add(flat(30), side, 0, 0, side, side, [...white]);
  expect(values(second.pixels(white))).toEqual([200]);
  expect(values(third.pixels(white))).toEqual([30]);
});
