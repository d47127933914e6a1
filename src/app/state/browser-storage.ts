/** Small values saved between visits: JSON in localStorage, validated by a schema on reading. */
import type { z } from 'zod';

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
