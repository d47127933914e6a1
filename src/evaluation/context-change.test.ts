import { expect, it } from 'vitest';
import { contextChange, countPairs, pairOf, pairValue } from './context-change.ts';

it('says how much the context changed, and from which class to which', () => {
  // Counted by hand: two pixels stay 0, one stays 2; one each goes from 1 to 2, from 2 to 1 and from 0 to 2.
  const without = Uint8Array.of(0, 0, 2, 1, 2, 0);
  const withContext = Uint8Array.of(0, 0, 2, 2, 1, 2);
  const change = contextChange(countPairs(without, withContext, 3), 3);
  expect(change).toEqual({
    matrix: [
      [2, 0, 1],
      [0, 0, 1],
      [0, 1, 1],
    ],
    compared: 6,
    changed: 3,
    share: 0.5,
  });
});

it('leaves out pixels of no class, and says 0 of nothing', () => {
  expect(contextChange(countPairs(Uint8Array.of(255, 1), Uint8Array.of(1, 255), 2), 2)).toMatchObject({
    compared: 0,
    share: 0,
  });
  expect(() => countPairs(new Uint8Array(2), new Uint8Array(3), 2)).toThrow(RangeError);
});

it('gives every pair a value of its own, below the one of what was not compared', () => {
  const values = Array.from({ length: 225 }, (_, i) => pairValue(Math.floor(i / 15), i % 15, 15));
  expect(new Set(values).size).toBe(225);
  expect(Math.max(...values)).toBeLessThan(255);
  expect(pairOf(pairValue(3, 11, 15), 15)).toEqual({ without: 3, withContext: 11 });
});
