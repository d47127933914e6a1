import { expect, it } from 'vitest';
import { boundsOfRings, isInside, meetsRect, type Ring } from './polygon.ts';

/** A C, open to the right. */
const letter: Ring[] = [[0, 0, 100, 0, 100, 20, 20, 20, 20, 80, 100, 80, 100, 100, 0, 100]];
/** A square with a square hole. */
const frame: Ring[] = [
  [0, 0, 100, 0, 100, 100, 0, 100],
  [20, 20, 80, 20, 80, 80, 20, 80],
];
const square = (x: number, y: number, side: number) => ({ x, y, width: side, height: side });

it.each([
  [10, 50, true],
  [60, 10, true],
  [60, 90, true],
  [60, 50, false],
  [-1, 50, false],
  [120, 10, false],
])('tells whether (%i, %i) is inside where the outline turns back', (x, y, inside) => {
  expect(isInside(letter, x, y)).toBe(inside);
});

it('counts a hole as outside', () => {
  expect(isInside(frame, 10, 50)).toBe(true);
  expect(isInside(frame, 50, 50)).toBe(false);
});

it.each([
  [square(5, 40, 5), true],
  [square(-50, -50, 300), true],
  [square(15, 40, 20), true],
  [square(90, 90, 50), true],
  [square(40, 40, 20), false],
  [square(120, 0, 20), false],
])('meets rectangles that an edge crosses, that it holds or that hold it: %j', (rect, meets) => {
  expect(meetsRect(letter, rect)).toBe(meets);
});

it('does not meet a rectangle that is all in a hole', () => {
  expect(meetsRect(frame, square(30, 30, 40))).toBe(false);
  expect(meetsRect(frame, square(30, 30, 60))).toBe(true);
});

it.each([
  [
    'spans every ring',
    [Float64Array.of(3, -2, 10, 4, 5, 9), [-1, 0, 2, 1]],
    { x: -1, y: -2, width: 11, height: 11 },
  ],
  ['ignores a number without a partner', [[1, 2, 3, 5, 100]], { x: 1, y: 2, width: 2, height: 3 }],
  [
    'intersects nothing where there is no point',
    [],
    { x: Infinity, y: Infinity, width: -Infinity, height: -Infinity },
  ],
])('bounds: %s', (_name, rings, bounds) => {
  expect(boundsOfRings(rings)).toEqual(bounds);
});
