import { describe, expect, it } from 'vitest';
import { apply, transformBounds, invert, placeImage, scaleOf } from './affine.ts';
import { intersection } from '../../base/rect.ts';
import type { Affine } from './affine.ts';

const upright: Affine = { a: 0.25, b: 0, c: 0, d: 0.25, e: 10.3, f: -4.7 };
/** A quarter turn clockwise on screen, scale 0.25. */
const turned: Affine = { a: 0, b: 0.25, c: -0.25, d: 0, e: 200.2, f: 7.1 };
const slanted: Affine = {
  a: Math.cos(0.5),
  b: Math.sin(0.5),
  c: -Math.sin(0.5),
  d: Math.cos(0.5),
  e: 3,
  f: 4,
};

describe('invert', () => {
  it('undoes the transform', () => {
    for (const matrix of [upright, turned, slanted]) {
      const there = apply(matrix, 123.5, -67);
      const back = apply(invert(matrix), there.x, there.y);
      expect(back.x).toBeCloseTo(123.5, 9);
      expect(back.y).toBeCloseTo(-67, 9);
    }
  });

  it('throws for a singular transform', () => {
    expect(() => invert({ a: 1, b: 1, c: 1, d: 1, e: 0, f: 0 })).toThrow(RangeError);
  });
});

it('measures scale under rotation', () => {
  expect(scaleOf(turned)).toBeCloseTo(0.25, 12);
  expect(scaleOf(slanted)).toBeCloseTo(1, 12);
});

it('bounds a rotated rectangle', () => {
  const bounds = transformBounds(turned, { x: 0, y: 0, width: 40, height: 80 });
  expect(bounds.x).toBeCloseTo(180.2, 9);
  expect(bounds.y).toBeCloseTo(7.1, 9);
  expect(bounds.width).toBeCloseTo(20, 9);
  expect(bounds.height).toBeCloseTo(10, 9);
});

it('intersects', () => {
  const one = { x: 0, y: 0, width: 10, height: 10 };
  expect(intersection(one, { x: 5, y: -5, width: 10, height: 10 })).toEqual({
    x: 5,
    y: 0,
    width: 5,
    height: 5,
  });
  expect(intersection(one, { x: 10, y: 0, width: 5, height: 5 })).toBeNull();
});

describe('placeImage', () => {
  const left = { x: 0, y: 0, width: 101.7, height: 101.7 };
  const right = { x: 101.7, y: 0, width: 101.7, height: 101.7 };

  it.each([
    ['upright', upright],
    ['turned', turned],
    ['mirrored', { ...upright, a: -0.25, e: 90 }],
  ])('joins neighbours at a whole device pixel: %s', (_name, matrix) => {
    const one = placeImage(matrix, left, 64);
    const other = placeImage(matrix, right, 64);
    const end = apply(one, 64, 0);
    const start = apply(other, 0, 0);
    expect(end.x).toBeCloseTo(start.x, 9);
    expect(end.y).toBeCloseTo(start.y, 9);
    expect(start.x).toBeCloseTo(Math.round(start.x), 9);
    expect(start.y).toBeCloseTo(Math.round(start.y), 9);
    // Never more than half a device pixel off.
    const exact = apply(matrix, right.x, right.y);
    expect(Math.abs(exact.x - start.x)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(exact.y - start.y)).toBeLessThanOrEqual(0.5);
  });

  it('overlaps neighbours by one device pixel at other angles', () => {
    const one = placeImage(slanted, left, 64);
    const other = placeImage(slanted, right, 64);
    const end = apply(one, 64, 0);
    const start = apply(other, 0, 0);
    const along = (end.x - start.x) * Math.cos(0.5) + (end.y - start.y) * Math.sin(0.5);
    expect(along).toBeCloseTo(1, 9);
  });
});
