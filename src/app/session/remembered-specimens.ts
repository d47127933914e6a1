/** Organ and stain that the user gave for slides, by the slide's fingerprint. */
import { z } from 'zod';
import type { Specimen } from '../models/specimen.ts';
import { readStored, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';

const storageKey = 'dualscope.specimens';
const name = z.string().max(80).nullable();
const recordSchema = z.record(z.string(), z.object({ organ: name, stain: name }));

export function recallSpecimens(storage: KeyValueStorage | null): Record<string, Specimen> {
  return readStored(storage, storageKey, recordSchema, {});
}

/** Slides without organ and stain are dropped. Where storage is full or forbidden, the rest holds for this visit only. */
export function rememberSpecimens(
  storage: KeyValueStorage | null,
  specimens: Readonly<Record<string, Specimen>>,
): void {
  const given = Object.entries(specimens).filter(([, { organ, stain }]) => organ !== null || stain !== null);
  writeStored(storage, storageKey, Object.fromEntries(given));
}
