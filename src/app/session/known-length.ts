/** µm per pixel from a known length on the slide, such as a scale bar, a graticule or a ruler. */
import type { Point } from '../viewer/affine.ts';
import { mppRange } from './remembered-mpp.ts';

/** Shorter lines are refused: one pixel more or less would change the result by more than 5 %. */
const minLengthPx = 20;

/** Length of the line between two points, both in level-0 pixels. */
export function lengthPx(from: Point, to: Point): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}

/** µm from user input, in µm or with the unit mm; a comma counts as a point; null when it is not a length. */
export function parseLengthUm(text: string): number | null {
  const match = /^(\d*\.?\d+)\s*(µm|μm|um|mm)?$/.exec(text.trim().replace(',', '.'));
  const value = Number(match?.[1]);
  if (match === null || !(value > 0)) return null;
  return match[2] === 'mm' ? value * 1000 : value;
}

export type KnownLength =
  | { readonly kind: 'mpp'; /** Four significant digits. */ readonly mpp: number }
  | { readonly kind: 'too-short'; readonly minPx: number }
  | { readonly kind: 'out-of-range' };

/** µm per pixel of a line of `px` level-0 pixels that is `um` long. */
export function mppOfLength(px: number, um: number): KnownLength {
  if (px < minLengthPx) return { kind: 'too-short', minPx: minLengthPx };
  const mpp = Number((um / px).toPrecision(4));
  return mpp >= mppRange.min && mpp <= mppRange.max ? { kind: 'mpp', mpp } : { kind: 'out-of-range' };
}
