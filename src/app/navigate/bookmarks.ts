/** Bookmarks: places of a slide with a note, kept in the browser by the slide's fingerprint. */
import { z } from 'zod';
import { readStored, writeStored } from '../state/browser-storage.ts';
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

/** Bookmarks of a slide; none where nothing is kept, or nothing that can be read. */
export function loadBookmarks(storage: KeyValueStorage | null, fingerprint: string): Bookmark[] {
  return readStored(storage, keyOf(fingerprint), z.array(bookmarkSchema), []);
}

/** @returns whether they are kept; false where storage is full or forbidden. */
export function saveBookmarks(
  storage: KeyValueStorage | null,
  fingerprint: string,
  bookmarks: readonly Bookmark[],
): boolean {
  return writeStored(storage, keyOf(fingerprint), bookmarks);
}
