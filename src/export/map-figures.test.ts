import { expect, it } from 'vitest';
import { confidenceSummary } from './map-figures.ts';

const manifest = {
  classes: [
    { name: 'normal', colour: '#999999', background: true },
    { name: 'tumour', colour: '#0072B2', background: false },
    { name: 'necrosis', colour: '#E69F00', background: false },
  ],
};

/** Pixels as class and confidence, counted as the writer of maps counts them. */
function counted(pixels: readonly (readonly [number, number])[]): Float64Array {
  const counts = new Float64Array(256 * 256);
  for (const [value, confidence] of pixels) counts[256 * value + confidence]! += 1;
  return counts;
}

it('computes mean, percentiles and the share below 0.5, including background', () => {
  // 51, 102, …, 255 are 0.2, 0.4, …, 1: mean and median by hand.
  const pixels = [51, 102, 102, 153, 204, 255, 255, 255, 255, 255].map((byte, i) => [i % 2, byte] as const);
  const summary = confidenceSummary(manifest, counted(pixels))!;
  expect(summary.mean).toBeCloseTo((0.2 + 0.4 + 0.4 + 0.6 + 0.8 + 5) / 10, 12);
  expect(summary.tenth).toBeCloseTo(0.2, 12);
  expect(summary.median).toBeCloseTo(0.8, 12);
  expect(summary.belowHalf).toBeCloseTo(0.3, 12);
  expect(summary.meanByClass.normal).toBeCloseTo((0.2 + 0.4 + 0.8 + 1 + 1) / 5, 12);
  expect(summary.meanByClass).not.toHaveProperty('necrosis');
});

it('ignores pixels that were not segmented', () => {
  const summary = confidenceSummary(
    manifest,
    counted([
      [1, 255],
      [255, 0],
      [255, 0],
    ]),
  );
  expect(summary?.mean).toBe(1);
});

it('is null for a map without classes', () => {
  expect(confidenceSummary(manifest, counted([[255, 0]]))).toBeNull();
});
