/** Stains and thresholds that the user has chosen, saved by slide fingerprint. */
import { z } from 'zod';
import { maxStainText } from '../../worker/stain-client.ts';
import { readStored, validEntries, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';

const storageKey = 'dualscope.stains';
/** Slides whose stains are kept; of more, the oldest are dropped. */
const maxSlides = 200;

const recordSchema = z.strictObject({
  choice: z.enum(['he', 'hdab', 'estimated', 'areas']),
  /** As `stainText` writes it. */
  stains: z.string().max(maxStainText),
  white: z.tuple([z.number(), z.number(), z.number()]),
  measured: z.union([z.literal(0), z.literal(1)]),
  thresholds: z.tuple([z.number(), z.number(), z.number()]),
});

export type StainRecord = z.infer<typeof recordSchema>;

/** What is saved of a slide; null without anything. */
export function recallStains(storage: KeyValueStorage | null, fingerprint: string): StainRecord | null {
  return readStored(storage, storageKey, validEntries(recordSchema), {})[fingerprint] ?? null;
}

/** Saves; if storage is full or blocked, it lasts until the page closes. @param record null removes it */
export function rememberStains(
  storage: KeyValueStorage | null,
  fingerprint: string,
  record: StainRecord | null,
): void {
  const known = Object.entries(readStored(storage, storageKey, validEntries(recordSchema), {}));
  const others = known.filter(([key]) => key !== fingerprint);
  if (record === null && others.length === known.length) return;
  const entries = record === null ? others : [...others, [fingerprint, record] as const];
  writeStored(storage, storageKey, Object.fromEntries(entries.slice(-maxSlides)));
}
