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
  expect(loadBookmarks(storage, 'one')).toEqual({ bookmarks: [bookmark], unreadable: 0 });
  expect(loadBookmarks(storage, 'two').bookmarks).toEqual([]);
});

it('does not destroy an entry that it can not read', () => {
  const storage = fakeStorage();
  storage.setItem('dualscope.bookmarks.one', '[{"id":1}]');
  expect(loadBookmarks(storage, 'one')).toEqual({ bookmarks: [], unreadable: 1 });
  saveBookmarks(storage, 'one', [bookmark]);
  expect(storage.getItem('dualscope.bookmarks.one.unreadable')).toBe('[{"id":1}]');
});

it('takes damaged entries and forbidden storage for none', () => {
  const storage = fakeStorage();
  storage.setItem('dualscope.bookmarks.one', '[{"id":1}]');
  storage.setItem('dualscope.bookmarks.two', 'no JSON');
  expect(loadBookmarks(storage, 'one')).toEqual({ bookmarks: [], unreadable: 1 });
  expect(loadBookmarks(storage, 'two').bookmarks).toEqual([]);
  expect(loadBookmarks(null, 'one').bookmarks).toEqual([]);
  expect(saveBookmarks(null, 'one', [bookmark])).toBe(false);
});

it('keeps the others when one can not be read, and limits their views', () => {
  const storage = fakeStorage();
  const far = { ...bookmark, id: 'far', view: { ...view, x: 1e20, scale: 1e-20, rotation: -90 } };
  const text = `[${JSON.stringify(bookmark)},{"id":"b","note":"","view":{"x":1e999},"created":1},${JSON.stringify(far)}]`;
  storage.setItem('dualscope.bookmarks.one', text);
  const { bookmarks, unreadable } = loadBookmarks(storage, 'one');
  expect(unreadable).toBe(1);
  expect(bookmarks).toEqual([
    bookmark,
    { ...far, view: { ...view, x: 2 ** 32, scale: 1e-8, rotation: 270 } },
  ]);
  expect(storage.getItem('dualscope.bookmarks.one.unreadable')).toBe(text);
});
