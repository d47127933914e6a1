import { expect, it } from 'vitest';
import { loadBookmarks, saveBookmarks } from './bookmarks.ts';

function fakeStorage(): { getItem(key: string): string | null; setItem(key: string, text: string): void } {
  const items = new Map<string, string>();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, text) => void items.set(key, text) };
}

const view = { x: 1, y: 2, scale: 0.5, rotation: 90, flip: true };
const bookmark = { id: 'a', note: 'Mitosis?', view, created: 5 };

it('keeps bookmarks per slide', () => {
  const storage = fakeStorage();
  expect(saveBookmarks(storage, 'one', [bookmark])).toBe(true);
  expect(loadBookmarks(storage, 'one')).toEqual([bookmark]);
  expect(loadBookmarks(storage, 'two')).toEqual([]);
});

it('does not destroy an entry that it can not read', () => {
  const storage = fakeStorage();
  storage.setItem('dualscope.bookmarks.one', '[{"id":1}]');
  expect(loadBookmarks(storage, 'one')).toEqual([]);
  saveBookmarks(storage, 'one', [bookmark]);
  expect(storage.getItem('dualscope.bookmarks.one.unreadable')).toBe('[{"id":1}]');
});

it('takes damaged entries and forbidden storage for none', () => {
  const storage = fakeStorage();
  storage.setItem('dualscope.bookmarks.one', '[{"id":1}]');
  storage.setItem('dualscope.bookmarks.two', 'no JSON');
  expect(loadBookmarks(storage, 'one')).toEqual([]);
  expect(loadBookmarks(storage, 'two')).toEqual([]);
  expect(loadBookmarks(null, 'one')).toEqual([]);
  expect(saveBookmarks(null, 'one', [bookmark])).toBe(false);
});
