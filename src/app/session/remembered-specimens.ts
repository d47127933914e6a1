/** Organ and stain as the user has said, by the slide's fingerprint. */
import { z } from 'zod';
import type { Specimen } from '../models/specimen.ts';
import type { KeyValueStorage } from '../state/preferences.ts';

const storageKey = 'dualscope.specimens';
const name = z.string().max(80).nullable();
const recordSchema = z.record(z.string(), z.object({ organ: name, stain: name }));

export function recallSpecimens(storage: KeyValueStorage | null): Record<string, Specimen> {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(storage?.getItem(storageKey) ?? '{}'));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

/** Slides of which nothing is said any more are forgotten. */
export function rememberSpecimens(
  storage: KeyValueStorage | null,
  specimens: Readonly<Record<string, Specimen>>,
): void {
  const said = Object.entries(specimens).filter(([, { organ, stain }]) => organ !== null || stain !== null);
  try {
    storage?.setItem(storageKey, JSON.stringify(Object.fromEntries(said)));
  } catch {
    // Storage is full or forbidden: what was said holds for this visit only.
  }
}
