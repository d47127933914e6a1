import { expect, it } from 'vitest';
import { relativeLogits } from './relative-logits.ts';

it('gives the winner 255, and a sixteenth of a unit a step below it', () => {
  expect([...relativeLogits(Float32Array.of(2, 1, 2 - 1 / 16, -100), 4)]).toEqual([255, 239, 254, 0]);
  // Halves are rounded up.
  expect([...relativeLogits(Float32Array.of(0, -1 / 32, -3 / 64), 3)]).toEqual([255, 255, 254]);
});
