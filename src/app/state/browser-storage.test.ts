import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readStored, readStoredList, validEntries } from './browser-storage.ts';

function storageOf(text: string) {
  const items = new Map([['k', text]]);
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  };
}

describe('a stored list', () => {
  it('is read without its invalid entries, and copied before the next write can destroy them', () => {
    const storage = storageOf('[1,"x",1e999,2]');
    expect(readStoredList(storage, 'k', z.number())).toEqual({ values: [1, 2], unreadable: 2 });
    expect(storage.items.get('k.unreadable')).toBe('[1,"x",1e999,2]');
  });

  it.each(['{}', 'no JSON', '7', 'null'])('that is no list counts as one: %s', (text) => {
    const storage = storageOf(text);
    expect(readStoredList(storage, 'k', z.number())).toEqual({ values: [], unreadable: 1 });
    expect(storage.items.get('k.unreadable')).toBe(text);
  });

  it('that is absent or sound is not copied', () => {
    const storage = storageOf('[3]');
    expect(readStoredList(storage, 'k', z.number())).toEqual({ values: [3], unreadable: 0 });
    expect(readStoredList(storage, 'other', z.number())).toEqual({ values: [], unreadable: 0 });
    expect(readStoredList(null, 'k', z.number())).toEqual({ values: [], unreadable: 0 });
    expect([...storage.items.keys()]).toEqual(['k']);
  });
});

it('a stored record is read without its invalid entries', () => {
  const schema = validEntries(z.number().positive());
  const read = readStored(storageOf('{"a":1,"b":-1,"c":1e999,"__proto__":2,"d":"1"}'), 'k', schema, {});
  expect(Object.entries(read)).toEqual([['a', 1]]);
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
});
