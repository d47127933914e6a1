import { expect, it } from 'vitest';
import type { PolygonPoint } from './polygon.ts';
import { boundsOfPolygon, isInside, meetsRect } from './polygon.ts';

/** A C, open to the right. */
const polygon: readonly PolygonPoint[] = [
  [0, 0],
  [100, 0],
  [100, 20],
  [20, 20],
  [20, 80],
  [100, 80],
  [100, 100],
  [0, 100],
];

it('knows inside from outside where the outline turns back', () => {
  expect([isInside(polygon, 10, 50), isInside(polygon, 60, 10), isInside(polygon, 60, 90)]).toEqual([
    true,
    true,
    true,
  ]);
  expect([isInside(polygon, 60, 50), isInside(polygon, -1, 50), isInside(polygon, 120, 10)]).toEqual([
    false,
    false,
    false,
  ]);
});

it('meets rectangles that an edge crosses, that it holds or that hold it, and no others', () => {
  const rect = (x: number, y: number, side: number) => ({ x, y, width: side, height: side });
  expect(meetsRect(polygon, rect(5, 40, 5))).toBe(true);
  expect(meetsRect(polygon, rect(-50, -50, 300))).toBe(true);
  expect(meetsRect(polygon, rect(15, 40, 20))).toBe(true);
  expect(meetsRect(polygon, rect(90, 90, 50))).toBe(true);
  expect(meetsRect(polygon, rect(40, 40, 20))).toBe(false);
  expect(meetsRect(polygon, rect(120, 0, 20))).toBe(false);
});

it('bounds', () => {
  expect(
    boundsOfPolygon([
      [5, 7],
      [2, 30],
      [9, 8],
    ]),
  ).toEqual({ x: 2, y: 7, width: 7, height: 23 });
});
