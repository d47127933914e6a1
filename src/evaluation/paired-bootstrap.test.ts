import { describe, expect, it } from 'vitest';
import { pairedBootstrap, type PairedImage } from './paired-bootstrap.ts';

const image = (patient: string, pixels: number, first: number, second: number): PairedImage => ({
  patient,
  pixels,
  first,
  second,
});

/** Cycles through all pairs of two patients: 0 0, 0 1, 1 0, 1 1. */
function everyPair(): () => number {
  const values = [0, 0, 0, 0.5, 0.5, 0, 0.5, 0.5];
  let next = 0;
  return () => values[next++ % values.length]!;
}

describe('the paired bootstrap', () => {
  it('weights images by their pixels', () => {
    // (0.4 · 100 + 0 · 300) / 400
    const { difference, patients } = pairedBootstrap(
      [image('a', 100, 0.9, 0.5), image('b', 300, 0.7, 0.7)],
      everyPair(),
      4,
    );
    expect(difference).toBeCloseTo(0.1, 12);
    expect(patients).toBe(2);
  });

  it('takes the range of all draws of two patients as the interval', () => {
    // Draws: 0.4 and 0.4, 0.1, 0.1, 0 and 0: of four, the first and the last.
    const { low, high } = pairedBootstrap(
      [image('a', 100, 0.9, 0.5), image('b', 300, 0.7, 0.7)],
      everyPair(),
      4,
    );
    expect([low, high]).toEqual([0, expect.closeTo(0.4, 12)]);
  });

  it('draws images of one patient together', () => {
    const images = [image('a', 10, 1, 0), image('a', 10, 0, 1)];
    expect(pairedBootstrap(images, everyPair(), 8)).toEqual({ difference: 0, low: 0, high: 0, patients: 1 });
  });

  it('rejects an empty comparison', () => {
    expect(() => pairedBootstrap([image('a', 0, 1, 0)], everyPair())).toThrow(RangeError);
  });
});
