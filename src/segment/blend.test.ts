import { expect, it } from 'vitest';
import { blend, laterShare, ramp } from './blend.ts';

it('goes from one slice to the other, evenly on both sides, and never to nothing', () => {
  for (const length of [2, 6, 16, 128]) {
    const rising = ramp(length, 0);
    const falling = ramp(length, 2);
    for (let i = 0; i < length; i++) {
      expect(rising[i]! + falling[i]!).toBe(1024);
      expect(rising[i]).toBe(falling[length - 1 - i]);
      expect(rising[i]).toBeGreaterThan(0);
      if (i > 0) expect(rising[i]).toBeGreaterThanOrEqual(rising[i - 1]!);
    }
  }
  for (const [t, share] of [
    [-1, 0],
    [0, 0.5],
    [1, 1],
  ] as const)
    expect(laterShare(t)).toBeCloseTo(share, 12);
});

it('takes what a slice says alone where no other says anything', () => {
  // Two pixels, classes 1 and 0; the second is a bare majority, half a nat.
  const bytes = Uint8Array.of(15, 255, 255, 255 - 32);
  const { classes, confidence } = blend(2, 1, 2, [{ bytes, first: 0, stride: 4, across: 0, down: 1 }]);
  expect([...classes]).toEqual([1, 0]);
  expect(confidence[0]).toBe(255);
  expect(confidence[1]).toBe(Math.round(255 / (1 + Math.exp((-32 * 32 ** 2) / 255 ** 2))));
});
