/** Bookmarks: positions on a slide with a note. They are saved with its annotations (`../annotate/annotation-store.ts`). */
import { z } from 'zod';
import { readStoredList, type KeyValueStorage } from '../state/browser-storage.ts';
import { viewAddressSchema } from './view-address.ts';

export const bookmarkSchema = z.object({
  id: z.string(),
  note: z.string(),
  view: viewAddressSchema,
  /** Milliseconds since 1970. */
  created: z.number(),
});

export type Bookmark = z.infer<typeof bookmarkSchema>;

/** Bookmarks as earlier versions stored them: all of a slide in one value. */
export interface EarlierBookmarks {
  /** Bookmarks of a slide, and the number of those that can't be read, of which a copy is kept. */
  read(fingerprint: string): { readonly bookmarks: readonly Bookmark[]; readonly unreadable: number };
  /** Forgets them, once they are stored elsewhere. */
  drop(fingerprint: string): void;
}

/** @param storage null if the browser blocks it. */
export function earlierBookmarks(
  storage: (KeyValueStorage & Pick<Storage, 'removeItem'>) | null,
): EarlierBookmarks {
  const keyOf = (fingerprint: string): string => `dualscope.bookmarks.${fingerprint}`;
  return {
    read: (fingerprint) => {
      const { values, unreadable } = readStoredList(storage, keyOf(fingerprint), bookmarkSchema);
      return { bookmarks: values, unreadable };
    },
    drop: (fingerprint) => storage?.removeItem(keyOf(fingerprint)),
  };
}
