import { expect, it } from 'vitest';
import { formatMagnification, magnificationAt, scaleForMagnification } from './magnification.ts';

it('follows the convention of scanners: 0.25 µm/px is 40×', () => {
  expect(magnificationAt(0.25)).toBe(40);
  expect(magnificationAt(0.5)).toBe(20);
});

it('shows a 40× slide at full size at 40×', () => {
  expect(scaleForMagnification(40, 0.25)).toBe(1);
  expect(scaleForMagnification(10, 0.5)).toBe(0.5);
  expect(scaleForMagnification(40, null)).toBe(1);
});

it('writes few digits', () => {
  expect(formatMagnification(0.247, 0.499)).toBe('4.9×');
  expect(formatMagnification(1, 0.25)).toBe('40×');
  expect(formatMagnification(0.5, null)).toBe('50 %');
});
