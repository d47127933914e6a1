import { describe, expect, it } from 'vitest';
import { addConfidences, calibrationOf, createConfidenceBins } from './calibration.ts';

/** Bytes: 51 is 0.2, 102 is 0.4, 153 is 0.6, 204 is 0.8, 255 is 1. */
describe('calibration', () => {
  it('equals the hand-worked expected calibration error', () => {
    // Five bins of 0.2. [0.6, 0.8): two pixels of 0.6, one right: |0.5 − 0.6| = 0.1. [0.8, 1]: one of 0.8 and
    // one of 1, both right: |1 − 0.9| = 0.1. [0.2, 0.4): one of 0.2, wrong: 0.2.
    const bins = createConfidenceBins(5);
    addConfidences(
      bins,
      Uint8Array.of(1, 1, 2, 3, 0),
      Uint8Array.of(1, 0, 2, 3, 1),
      Uint8Array.of(153, 153, 204, 255, 51),
    );
    const { ece, mce, overconfidence, bins: table } = calibrationOf(bins);
    expect(ece).toBeCloseTo((2 * 0.1 + 2 * 0.1 + 1 * 0.2) / 5, 12);
    expect(mce).toBeCloseTo(0.2, 12);
    // Mean confidence 3.2 / 5, accuracy 3 / 5.
    expect(overconfidence).toBeCloseTo(0.04, 12);
    expect(table.map(({ pixels }) => pixels)).toEqual([0, 1, 0, 2, 2]);
    expect(table[0]).toMatchObject({ confidence: null, accuracy: null });
    expect(table[3]?.confidence).toBeCloseTo(0.6, 12);
    expect(table[3]?.accuracy).toBeCloseTo(0.5, 12);
    expect(table[4]?.from).toBeCloseTo(0.8, 12);
  });

  it('is 0 where confidence equals accuracy', () => {
    const bins = createConfidenceBins(5);
    addConfidences(
      bins,
      Uint8Array.of(1, 1, 1, 1, 1),
      Uint8Array.of(1, 1, 1, 1, 0),
      new Uint8Array(5).fill(204),
    );
    expect(calibrationOf(bins).ece).toBeCloseTo(0, 12);
  });

  it('pools what is added, and skips masked pixels', () => {
    const bins = createConfidenceBins();
    addConfidences(bins, Uint8Array.of(1), Uint8Array.of(1), Uint8Array.of(255));
    addConfidences(
      bins,
      Uint8Array.of(1, 1),
      Uint8Array.of(0, 0),
      Uint8Array.of(255, 255),
      Uint8Array.of(1, 0),
    );
    const { bins: table, ece } = calibrationOf(bins);
    expect(table[9]).toMatchObject({ pixels: 2, confidence: 1, accuracy: 0.5 });
    expect(ece).toBeCloseTo(0.5, 12);
  });

  it('is null without a pixel, and rejects unequal lengths', () => {
    const bins = createConfidenceBins();
    expect(calibrationOf(bins)).toMatchObject({ ece: null, mce: null, overconfidence: null });
    expect(() => addConfidences(bins, Uint8Array.of(1), Uint8Array.of(1), Uint8Array.of())).toThrow(
      RangeError,
    );
    expect(calibrationOf(bins).bins.every(({ pixels }) => pixels === 0)).toBe(true);
    expect(() => createConfidenceBins(0)).toThrow(RangeError);
  });
});
