import { expect, it } from 'vitest';
import { earlierBookmarks } from './bookmarks.ts';

const items = new Map<string, string>();
const storage = {
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, text: string) => void items.set(key, text),
  removeItem: (key: string) => void items.delete(key),
};

const view = { x: 1, y: 2, scale: 0.5, rotation: 90, flip: true };
const bookmark = { id: 'a', note: 'Mitosis?', view, created: 5 };

it('takes damaged entries and forbidden storage for none', () => {
  items.set('dualscope.bookmarks.one', '[{"id":1}]');
  items.set('dualscope.bookmarks.two', 'no JSON');
  const earlier = earlierBookmarks(storage);
  expect(earlier.read('one')).toEqual({ bookmarks: [], unreadable: 1 });
  expect(earlier.read('two').bookmarks).toEqual([]);
  expect(earlierBookmarks(null).read('one').bookmarks).toEqual([]);
  earlierBookmarks(null).drop('one');
});

it('keeps the others when one can not be read, and limits their views', () => {
  const far = { ...bookmark, id: 'far', view: { ...view, x: 1e20, scale: 1e-20, rotation: -90 } };
  const text = `[${JSON.stringify(bookmark)},{"id":"b","note":"","view":{"x":1e999},"created":1},${JSON.stringify(far)}]`;
  items.set('dualscope.bookmarks.one', text);
  const earlier = earlierBookmarks(storage);
  expect(earlier.read('one')).toEqual({
    bookmarks: [bookmark, { ...far, view: { ...view, x: 2 ** 32, scale: 1e-8, rotation: 270 } }],
    unreadable: 1,
  });
  earlier.drop('one');
  expect(items.get('dualscope.bookmarks.one')).toBeUndefined();
  expect(items.get('dualscope.bookmarks.one.unreadable')).toBe(text);
});
