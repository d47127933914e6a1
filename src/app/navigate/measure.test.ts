import { expect, it } from 'vitest';
import { measuredArea, lengthOf } from './measure.ts';

const points = [
  { x: 0, y: 0 },
  { x: 30, y: 0 },
  { x: 30, y: 40 },
];

it('adds up sides, including the closing one if closed', () => {
  expect(lengthOf({ points, closed: false }, null)).toBe(70);
  expect(lengthOf({ points, closed: true }, null)).toBe(120);
  expect(lengthOf({ points, closed: false }, { x: 0.5, y: 2 })).toBe(95);
  expect(lengthOf({ points: points.slice(0, 1), closed: false }, null)).toBe(0);
});

it('computes the area in either winding order', () => {
  expect(measuredArea({ points }, null)).toBe(600);
  expect(measuredArea({ points: points.toReversed() }, { x: 0.5, y: 2 })).toBe(600);
});
