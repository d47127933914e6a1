import { expect, it } from 'vitest';
import { chooseScaleBar } from './scale-bar.ts';

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
