import { expect, it } from 'vitest';
import { plainAdjustment, transferOf } from './picture-adjustment.ts';

const after = (value: number, change: object): number => {
  const { slope, intercept, exponent } = transferOf({ ...plainAdjustment, ...change });
  return Math.min(1, Math.max(0, value * slope + intercept)) ** exponent;
};

it('brightens by a factor, stretches around mid grey, and bends the middle tones', () => {
  expect(after(0.3, {})).toBeCloseTo(0.3, 9);
  expect(after(0.3, { brightness: 2 })).toBeCloseTo(0.6, 9);
  expect(after(0.5, { contrast: 2 })).toBeCloseTo(0.5, 9);
  expect(after(0.6, { contrast: 2 })).toBeCloseTo(0.7, 9);
  expect(after(0.25, { gamma: 2 })).toBeCloseTo(0.5, 9);
  expect(after(1, { gamma: 2 })).toBe(1);
});
