/** Channel views that the user has set, saved by slide fingerprint. */
import { z } from 'zod';
import { maxViewText } from '../../worker/slide-client.ts';
import { readStored, validEntries, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';

const storageKey = 'dualscope.channels';
/** Slides whose views are kept; of more, the oldest are dropped. */
const maxSlides = 200;

const recordSchema = validEntries(z.string().max(maxViewText));

/** The view as text (`channelViewText`); null if the slide has none. */
export function recallChannels(storage: KeyValueStorage | null, fingerprint: string): string | null {
  return readStored(storage, storageKey, recordSchema, {})[fingerprint] ?? null;
}

/** Saves the view; if storage is full or blocked, it lasts until the page closes. @param text null removes it */
export function rememberChannels(
  storage: KeyValueStorage | null,
  fingerprint: string,
  text: string | null,
): void {
  const known = Object.entries(readStored(storage, storageKey, recordSchema, {}));
  const others = known.filter(([key]) => key !== fingerprint);
  if (text === null && others.length === known.length) return;
  const entries = text === null ? others : [...others, [fingerprint, text] as const];
  writeStored(storage, storageKey, Object.fromEntries(entries.slice(-maxSlides)));
}
