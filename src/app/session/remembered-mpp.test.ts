import { expect, it } from 'vitest';
import { parseMpp, recallMpp, rememberMpp } from './remembered-mpp.ts';

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
