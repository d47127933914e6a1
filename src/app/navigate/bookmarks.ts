/** Bookmarks: places of a slide with a note, kept in the browser by the slide's fingerprint. */
import { z } from 'zod';
import type { KeyValueStorage } from '../state/key-value-storage.ts';
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

/** Bookmarks of a slide; none where nothing, or nothing readable, is kept. */
export function loadBookmarks(storage: KeyValueStorage | null, fingerprint: string): Bookmark[] {
  try {
    const text = storage?.getItem(keyOf(fingerprint)) ?? '[]';
    const parsed = z.array(bookmarkSchema).safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : [];
  } catch {
    return [];
  }
}

/** @returns whether they are kept; false where storage is full or forbidden. */
export function saveBookmarks(
  storage: KeyValueStorage | null,
  fingerprint: string,
  bookmarks: readonly Bookmark[],
): boolean {
  try {
    storage?.setItem(keyOf(fingerprint), JSON.stringify(bookmarks));
    return storage !== null;
  } catch {
    return false;
  }
}
