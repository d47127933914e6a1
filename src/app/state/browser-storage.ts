/** Small values saved between visits: JSON in localStorage, validated by a schema on reading. */
import { z } from 'zod';

/** The part of Web Storage that the app uses. */
export type KeyValueStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** localStorage, or null if the browser blocks it. */
export function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/**
 * The value under `key`, or `fallback` if it is missing or invalid. An invalid entry is copied to `KEY.unreadable`, so
 * that the next write does not destroy it.
 */
export function readStored<T>(
  storage: KeyValueStorage | null,
  key: string,
  schema: z.ZodType<T>,
  fallback: T,
): T {
  const text = storage?.getItem(key) ?? null;
  if (text === null) return fallback;
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  writeText(storage, `${key}.unreadable`, text);
  return fallback;
}

/**
 * The list under `key`, without its invalid entries. If there are any, the whole list is copied to `KEY.unreadable`.
 * @returns the number of invalid entries too; 1 for a value that is no list
 */
export function readStoredList<T>(
  storage: KeyValueStorage | null,
  key: string,
  schema: z.ZodType<T>,
): { readonly values: T[]; readonly unreadable: number } {
  const text = storage?.getItem(key) ?? null;
  if (text === null) return { values: [], unreadable: 0 };
  const list = z.array(z.unknown()).safeParse(parseJson(text)).data;
  const values = (list ?? []).flatMap((each) => {
    const parsed = schema.safeParse(each);
    return parsed.success ? [parsed.data] : [];
  });
  const unreadable = list === undefined ? 1 : list.length - values.length;
  if (unreadable > 0) writeText(storage, `${key}.unreadable`, text);
  return { values, unreadable };
}

/** A record by name that is read without its invalid entries: one of them must not cost the others. */
export function validEntries<T>(schema: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z.record(z.string(), z.unknown()).transform((entries) => {
    const valid = Object.entries(entries).flatMap(([name, value]): [string, T][] => {
      const parsed = schema.safeParse(value);
      return parsed.success ? [[name, parsed.data]] : [];
    });
    return Object.fromEntries(valid);
  });
}

/** @returns whether the value was saved; false if storage is full or blocked */
export function writeStored(storage: KeyValueStorage | null, key: string, value: unknown): boolean {
  return writeText(storage, key, JSON.stringify(value));
}

/** undefined for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function writeText(storage: KeyValueStorage | null, key: string, text: string): boolean {
  try {
    storage?.setItem(key, text);
    return storage !== null;
  } catch {
    return false;
  }
}
