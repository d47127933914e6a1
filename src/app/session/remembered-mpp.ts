/** Resolutions that the user gave for slides that do not state theirs, by the slide's fingerprint. */
import { z } from 'zod';
import type { SlideMpp } from '../../slide/slide.ts';
import type { KeyValueStorage } from '../state/preferences.ts';

const storageKey = 'dualscope.mpp';
const recordSchema = z.record(z.string(), z.number().positive());

/** µm per pixel that people enter lie between these; a 100× scan has 0.1, an overview image about 20. */
export const mppRange = { min: 0.01, max: 100 } as const;

/** µm per pixel from what the user typed (a comma counts as a point); null when it is no sensible number. */
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
  const value = read(storage)[fingerprint];
  return value === undefined ? null : userMpp(value);
}

/** @param value null forgets what was given. */
export function rememberMpp(
  storage: KeyValueStorage | null,
  fingerprint: string,
  value: number | null,
): void {
  const others = Object.entries(read(storage)).filter(([key]) => key !== fingerprint);
  const entries = value === null ? others : [...others, [fingerprint, value]];
  try {
    storage?.setItem(storageKey, JSON.stringify(Object.fromEntries(entries)));
  } catch {
    // Storage is full or forbidden: the figure holds for this visit only.
  }
}

function read(storage: KeyValueStorage | null): Record<string, number> {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(storage?.getItem(storageKey) ?? '{}'));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}
