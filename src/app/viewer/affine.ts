/** Affine transforms between level-0 pixels of the slide and device pixels of a canvas. */
import type { Level0Rect } from '../../slide/slide.ts';

/** x' = a·x + c·y + e, y' = b·x + d·y + f, as in DOMMatrix. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function apply(matrix: Affine, x: number, y: number): Point {
  return { x: matrix.a * x + matrix.c * y + matrix.e, y: matrix.b * x + matrix.d * y + matrix.f };
}

/** Whether a transform has finite numbers and an inverse. */
export function isInvertible({ a, b, c, d, e, f }: Affine): boolean {
  const determinant = a * d - b * c;
  return (
    determinant !== 0 &&
    Number.isFinite(determinant) &&
    Number.isFinite(1 / determinant) &&
    Number.isFinite(e + f)
  );
}

/** @throws RangeError when `matrix` has no inverse. */
export function invert(matrix: Affine): Affine {
  const { a, b, c, d, e, f } = matrix;
  const determinant = a * d - b * c;
  if (determinant === 0) throw new RangeError('The transform has no inverse.');
  return {
    a: d / determinant,
    b: -b / determinant,
    c: -c / determinant,
    d: a / determinant,
    e: (c * f - d * e) / determinant,
    f: (b * e - a * f) / determinant,
  };
}

/** The transform that applies `first`, then `then`. */
export function multiply(then: Affine, first: Affine): Affine {
  return {
    a: then.a * first.a + then.c * first.b,
    b: then.b * first.a + then.d * first.b,
    c: then.a * first.c + then.c * first.d,
    d: then.b * first.c + then.d * first.d,
    e: then.a * first.e + then.c * first.f + then.e,
    f: then.b * first.e + then.d * first.f + then.f,
  };
}

/** Scale factor of lengths along x. */
export function scaleOf(matrix: Affine): number {
  return Math.hypot(matrix.a, matrix.b);
}

/** The smallest axis-aligned rectangle around the image of `rect`. */
export function transformBounds(matrix: Affine, rect: Level0Rect): Level0Rect {
  const corners = [
    apply(matrix, rect.x, rect.y),
    apply(matrix, rect.x + rect.width, rect.y),
    apply(matrix, rect.x, rect.y + rect.height),
    apply(matrix, rect.x + rect.width, rect.y + rect.height),
  ];
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/**
 * Transform that draws a `size`×`size` image into `rect` under `matrix`, without seams between neighbours.
 * At rotations by multiples of 90° the corners are rounded to whole device pixels. At other angles the image
 * grows by half a device pixel on each side.
 */
export function placeImage(matrix: Affine, rect: Level0Rect, size: number): Affine {
  const upright = Math.abs(matrix.b) < 1e-9 && Math.abs(matrix.c) < 1e-9;
  const turned = Math.abs(matrix.a) < 1e-9 && Math.abs(matrix.d) < 1e-9;
  if (upright || turned) {
    const start = apply(matrix, rect.x, rect.y);
    const end = apply(matrix, rect.x + rect.width, rect.y + rect.height);
    const e = Math.round(start.x);
    const f = Math.round(start.y);
    const acrossX = (Math.round(end.x) - e) / size;
    const acrossY = (Math.round(end.y) - f) / size;
    return upright
      ? { a: acrossX, b: 0, c: 0, d: acrossY, e, f }
      : { a: 0, b: acrossY, c: acrossX, d: 0, e, f };
  }
  const margin = 0.5 / scaleOf(matrix);
  const width = (rect.width + 2 * margin) / size;
  const height = (rect.height + 2 * margin) / size;
  const start = apply(matrix, rect.x - margin, rect.y - margin);
  return {
    a: matrix.a * width,
    b: matrix.b * width,
    c: matrix.c * height,
    d: matrix.d * height,
    e: start.x,
    f: start.y,
  };
}

/** As `placeImage`, without rounding, for lines: they need exact positions. */
export function placeLines(matrix: Affine, rect: Level0Rect, size: number): Affine {
  const width = rect.width / size;
  const height = rect.height / size;
  const start = apply(matrix, rect.x, rect.y);
  return {
    a: matrix.a * width,
    b: matrix.b * width,
    c: matrix.c * height,
    d: matrix.d * height,
    e: start.x,
    f: start.y,
  };
}
