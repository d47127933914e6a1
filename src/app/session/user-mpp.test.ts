import { expect, it } from 'vitest';
import { lengthPx, mppOfLength, parseLengthUm, parseMpp, recallMpp, rememberMpp } from './user-mpp.ts';

function storage(): { getItem(key: string): string | null; setItem(key: string, value: string): void } {
  const entries = new Map<string, string>();
  return {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
  };
}

it.each([
  ['0.25', 0.25],
  [' 0,5 ', 0.5],
  ['.499', 0.499],
  ['', null],
  ['0', null],
  ['-1', null],
  ['1e3', null],
  ['20x', null],
  ['0.001', null],
])('reads "%s" as %s', (text, value) => {
  expect(parseMpp(text)).toBe(value);
});

it('remembers by fingerprint', () => {
  const kept = storage();
  rememberMpp(kept, 'abc', 0.25);
  rememberMpp(kept, 'def', 0.5);
  expect(recallMpp(kept, 'abc')).toEqual({ x: 0.25, y: 0.25, source: 'user' });
  expect(recallMpp(kept, 'xyz')).toBeNull();
});

it('forgets one and keeps the others', () => {
  const kept = storage();
  rememberMpp(kept, 'abc', 0.25);
  rememberMpp(kept, 'def', 0.5);
  rememberMpp(kept, 'abc', null);
  expect(recallMpp(kept, 'abc')).toBeNull();
  expect(recallMpp(kept, 'def')?.x).toBe(0.5);
});

it('survives a damaged entry and a browser without storage', () => {
  const kept = storage();
  kept.setItem('dualscope.mpp', '{"abc": "wide"');
  expect(recallMpp(kept, 'abc')).toBeNull();
  rememberMpp(kept, 'abc', 0.25);
  expect(recallMpp(kept, 'abc')?.x).toBe(0.25);
  expect(recallMpp(null, 'abc')).toBeNull();
});

it('divides the length by the pixels that it spans', () => {
  // A 3-4-5 triangle: 500 pixels.
  expect(lengthPx({ x: 100, y: 50 }, { x: 400, y: 450 })).toBe(500);
  expect(mppOfLength(500, 250)).toEqual({ kind: 'mpp', mpp: 0.5 });
  expect(mppOfLength(2004, 1000)).toEqual({ kind: 'mpp', mpp: 0.499 });
});

it('refuses lines that say too little and results that no scanner has', () => {
  expect(mppOfLength(10, 5)).toMatchObject({ kind: 'too-short' });
  expect(mppOfLength(500, 1)).toEqual({ kind: 'out-of-range' });
  expect(mppOfLength(30, 1e6)).toEqual({ kind: 'out-of-range' });
});

it.each([
  ['1000', 1000],
  ['0,5 mm', 500],
  ['12.5 µm', 12.5],
  ['.25um', 0.25],
  ['0', null],
  ['-3', null],
  ['1 km', null],
  ['', null],
])('reads %j', (text, um) => {
  expect(parseLengthUm(text)).toBe(um);
});
