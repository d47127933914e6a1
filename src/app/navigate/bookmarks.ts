/** Bookmarks: positions on a slide with a note, saved by slide fingerprint. */
import { z } from 'zod';
import { readStoredList, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';
import { viewAddressSchema } from './view-address.ts';

const bookmarkSchema = z.object({
  id: z.string(),
  note: z.string(),
  view: viewAddressSchema,
  /** Milliseconds since 1970. */
  created: z.number(),
});

export type Bookmark = z.infer<typeof bookmarkSchema>;

const keyOf = (fingerprint: string): string => `dualscope.bookmarks.${fingerprint}`;

/** Bookmarks of a slide, and the number of saved ones that can't be read. */
export function loadBookmarks(
  storage: KeyValueStorage | null,
  fingerprint: string,
): { readonly bookmarks: Bookmark[]; readonly unreadable: number } {
  const { values, unreadable } = readStoredList(storage, keyOf(fingerprint), bookmarkSchema);
  return { bookmarks: values, unreadable };
}

/** @returns whether they were saved; false if storage is full or blocked */
export function saveBookmarks(
  storage: KeyValueStorage | null,
  fingerprint: string,
  bookmarks: readonly Bookmark[],
): boolean {
  return writeStored(storage, keyOf(fingerprint), bookmarks);
}
