import { expect, it } from 'vitest';
import { lengthPx, mppOfLength, parseLengthUm } from './known-length.ts';

it('divides the length by the pixels that it spans', () => {
  // A 3-4-5 triangle: 500 pixels.
  expect(lengthPx({ x: 100, y: 50 }, { x: 400, y: 450 })).toBe(500);
  expect(mppOfLength(500, 250)).toEqual({ kind: 'mpp', mpp: 0.5 });
  expect(mppOfLength(2004, 1000)).toEqual({ kind: 'mpp', mpp: 0.499 });
});

it('refuses lines that say too little and results that no scanner has', () => {
  expect(mppOfLength(10, 5)).toMatchObject({ kind: 'too-short' });
  expect(mppOfLength(500, 1)).toEqual({ kind: 'out-of-range' });
  expect(mppOfLength(30, 1e6)).toEqual({ kind: 'out-of-range' });
});

it.each([
  ['1000', 1000],
  ['0,5 mm', 500],
  ['12.5 µm', 12.5],
  ['.25um', 0.25],
  ['0', null],
  ['-3', null],
  ['1 km', null],
  ['', null],
])('reads %j', (text, um) => {
  expect(parseLengthUm(text)).toBe(um);
});
