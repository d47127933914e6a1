/** The size of a pixel from a length on the slide that the user knows: a scale bar, a graticule, a ruler. */
import type { Point } from '../viewer/affine.ts';
import { mppRange } from './remembered-mpp.ts';

/** Shorter lines say too little: a pixel more or less would be over 5 %. */
const MIN_LENGTH_PX = 20;

/** Length of the line between two points, both in level-0 pixels. */
export function lengthPx(from: Point, to: Point): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}

/** µm from what the user typed, in µm or with the unit mm; a comma counts as a point; null when it is no length. */
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
  if (px < MIN_LENGTH_PX) return { kind: 'too-short', minPx: MIN_LENGTH_PX };
  const mpp = Number((um / px).toPrecision(4));
  return mpp >= mppRange.min && mpp <= mppRange.max ? { kind: 'mpp', mpp } : { kind: 'out-of-range' };
}
