/** The µm per pixel that the user gave for slides, by the slide's fingerprint. */
import { z } from 'zod';
import type { SlideMpp } from '../../slide/slide.ts';
import { readStored, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';

const storageKey = 'dualscope.mpp';
const recordSchema = z.record(z.string(), z.number().positive());

/** Range of µm per pixel that is accepted; a 100× scan has 0.1, an overview image about 20. */
export const mppRange = { min: 0.01, max: 100 } as const;

/** µm per pixel from user input (a comma counts as a point); null unless it is a number within `mppRange`. */
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
 * Where storage is full or forbidden, the figure holds for this visit only.
 * @param value µm per pixel; null forgets it.
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
