import { expect, it } from 'vitest';
import { planesLast } from './kernel-layout.ts';

it('moves height and width to the end and swaps the channels', () => {
  // [1, 2, 2, 3]: six values for each of two columns; numbers are written as column, a, b.
  const values = Float32Array.of(0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112);
  // [3, 2, 1, 2]: for each b and a, the two columns.
  expect([...planesLast(values, [1, 2, 2, 3])]).toEqual([0, 100, 10, 110, 1, 101, 11, 111, 2, 102, 12, 112]);
});

it('moves every value when the channels are no multiple of a block', () => {
  const [height, width, a, b] = [3, 3, 5, 37];
  const values = Float32Array.from({ length: height * width * a * b }, (_value, i) => i);
  const moved = planesLast(values, [height, width, a, b]);
  for (const [y, x, i, o] of [
    [0, 0, 0, 0],
    [2, 1, 4, 36],
    [1, 2, 3, 16],
  ] as const) {
    expect(moved[((o * a + i) * height + y) * width + x]).toBe(((y * width + x) * a + i) * b + o);
  }
});
