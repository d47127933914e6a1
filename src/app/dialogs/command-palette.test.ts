import { expect, it } from 'vitest';
import { rank } from './command-palette.tsx';

const items = [
  'Segment visible area',
  'Segment whole slide',
  'Overview map',
  'Move right',
  'Surround: white',
].map((title) => ({ title }));

function titles(query: string): string[] {
  return rank(query, items).map((item) => item.title);
}

it('matches the starts of words', () => {
  expect(titles('sws')[0]).toBe('Segment whole slide');
  expect(titles('sva')[0]).toBe('Segment visible area');
});

it('ranks consecutive letters above scattered ones', () => {
  expect(titles('over')[0]).toBe('Overview map');
});

it('omits titles that do not match, and keeps all for an empty query', () => {
  expect(titles('xyz')).toEqual([]);
  expect(titles('  ')).toHaveLength(items.length);
});
