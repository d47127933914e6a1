import { expect, it } from 'vitest';
import { LeastRecentlyUsed } from './lru.ts';

it('drops what was used least recently when the budget is spent', () => {
  const kept = new LeastRecentlyUsed<string, number>(10, (value) => value);
  kept.set('a', 4);
  kept.set('b', 4);
  expect(kept.get('a')).toBe(4);
  kept.set('c', 4);
  expect(kept.get('b')).toBeUndefined();
  expect(kept.get('a')).toBe(4);
  expect(kept.get('c')).toBe(4);
});

it('counts a replaced value once and keeps a value larger than the budget', () => {
  const kept = new LeastRecentlyUsed<string, number>(10, (value) => value);
  kept.set('a', 6);
  kept.set('a', 3);
  kept.set('b', 6);
  expect(kept.get('a')).toBe(3);
  kept.set('c', 20);
  expect(kept.get('c')).toBe(20);
  expect(kept.get('a')).toBeUndefined();
});

it('counts a deleted value no more', () => {
  const kept = new LeastRecentlyUsed<string, number>(10, (value) => value);
  kept.set('a', 6);
  kept.delete('a');
  kept.delete('b');
  expect([kept.get('a'), kept.cost, kept.size]).toEqual([undefined, 0, 0]);
});
