import { expect, it } from 'vitest';
import { relativeLogits } from './relative-logits.ts';

it('gives the winner 255, and every other class less by the root of its distance', () => {
  // 32 is 255 steps, so 8 is half as many and 2 a quarter.
  expect([...relativeLogits(Float32Array.of(2, 0, -6, -29.9, -30, -1000), 6)]).toEqual([
    255, 191, 128, 0, 0, 0,
  ]);
});

it('distinguishes classes that are almost equal', () => {
  expect([...relativeLogits(Float32Array.of(1, 1 - 2 ** -10, 1 - 2 ** -8), 3)]).toEqual([255, 254, 252]);
});
