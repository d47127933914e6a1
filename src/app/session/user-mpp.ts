/** µm per pixel from the user: typed or derived from a known length, and saved by slide fingerprint. */
import { z } from 'zod';
import { leastMpp, mostMpp } from '../../base/resolution.ts';
import type { SlideMpp } from '../../slide/slide.ts';
import type { Point } from '../viewer/affine.ts';
import { readStored, validEntries, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';

const storageKey = 'dualscope.mpp';

/** Accepted µm per pixel; a 100× scan has 0.1, an overview image about 20. */
export const mppRange = { min: leastMpp, max: mostMpp } as const;

const recordSchema = validEntries(z.number().min(mppRange.min).max(mppRange.max));

/** Parses µm per pixel, with decimal point or comma; null unless it is a number within `mppRange`. */
export function parseMpp(text: string): number | null {
  const trimmed = text.trim().replace(',', '.');
  if (!/^\d*\.?\d+$/.test(trimmed)) return null;
  const value = Number(trimmed);
  return value >= mppRange.min && value <= mppRange.max ? value : null;
}

export function userMpp(value: number): SlideMpp {
  return { x: value, y: value, source: 'user' };
}

export function recallMpp(storage: KeyValueStorage | null, fingerprint: string): SlideMpp | null {
  const value = readStored(storage, storageKey, recordSchema, {})[fingerprint];
  return value === undefined ? null : userMpp(value);
}

/**
 * Saves the value; if storage is full or blocked, it lasts until the page closes.
 * @param value µm per pixel; null removes it
 */
export function rememberMpp(
  storage: KeyValueStorage | null,
  fingerprint: string,
  value: number | null,
): void {
  const known = Object.entries(readStored(storage, storageKey, recordSchema, {}));
  const others = known.filter(([key]) => key !== fingerprint);
  const entries = value === null ? others : [...others, [fingerprint, value] as const];
  writeStored(storage, storageKey, Object.fromEntries(entries));
}

/** Minimum line length: below it, one pixel changes the result by more than 5 %. */
const minLengthPx = 20;

/** Distance of two points, level-0 pixels. */
export function lengthPx(from: Point, to: Point): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}

/** Parses a length in µm or mm, with decimal point or comma. @returns µm; null if it is not a length */
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

/** µm per pixel, from a line of `px` level-0 pixels that is `um` µm long. */
export function mppOfLength(px: number, um: number): KnownLength {
  if (px < minLengthPx) return { kind: 'too-short', minPx: minLengthPx };
  const mpp = Number((um / px).toPrecision(4));
  return mpp >= mppRange.min && mpp <= mppRange.max ? { kind: 'mpp', mpp } : { kind: 'out-of-range' };
}
