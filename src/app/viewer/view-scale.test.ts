import { expect, it } from 'vitest';
import { chooseScaleBar, formatMagnification, magnificationAt, scaleForMagnification } from './view-scale.ts';

it.each([
  // µm per pixel, longest bar: label, pixels
  [0.499, 160, '50 µm', 50 / 0.499],
  [4, 160, '500 µm', 125],
  [10, 100, '1 mm', 100],
  [0.05, 160, '5 µm', 100],
  [0.001, 160, '0.1 µm', 100],
  [62.5, 160, '10 mm', 160],
] as const)('at %d µm/px in %d px: %s', (umPerPx, maxPx, label, px) => {
  const bar = chooseScaleBar(umPerPx, maxPx);
  expect(bar.label).toBe(label);
  expect(bar.px).toBeCloseTo(px, 6);
  expect(bar.px).toBeLessThanOrEqual(maxPx + 1e-6);
});

it('follows the convention of scanners: 0.25 µm/px is 40×', () => {
  expect(magnificationAt(0.25)).toBe(40);
  expect(magnificationAt(0.5)).toBe(20);
});

it('shows a 40× slide at full size at 40×', () => {
  expect(scaleForMagnification(40, 0.25)).toBe(1);
  expect(scaleForMagnification(10, 0.5)).toBe(0.5);
  expect(scaleForMagnification(40, null)).toBe(1);
});

it('formats with few digits', () => {
  expect(formatMagnification(0.247, 0.499)).toBe('4.9×');
  expect(formatMagnification(1, 0.25)).toBe('40×');
  expect(formatMagnification(0.5, null)).toBe('50 %');
});
