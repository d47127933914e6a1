/** Small values that the browser keeps between visits: JSON in localStorage, checked by a schema when it is read. */
import type { z } from 'zod';

/** The part of Web Storage that is used. */
export type KeyValueStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** localStorage, or null where the browser forbids it. */
export function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/**
 * The value under `key`; `fallback` where there is none or it can't be read. An entry that can't be read is copied to
 * `KEY.unreadable` first, so that the next write does not destroy it.
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

/** @returns whether the value is stored; false where storage is full or forbidden. */
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
