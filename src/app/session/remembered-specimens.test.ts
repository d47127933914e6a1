import { expect, it } from 'vitest';
import { recallSpecimens, rememberSpecimens } from './remembered-specimens.ts';

it('remembers what was said, forgets what is said no more, and survives a damaged entry', () => {
  const entries = new Map<string, string>();
  const storage = {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
  };
  rememberSpecimens(storage, {
    one: { organ: 'colon', stain: null },
    other: { organ: null, stain: null },
  });
  expect(recallSpecimens(storage)).toEqual({ one: { organ: 'colon', stain: null } });
  entries.set('dualscope.specimens', '{"one": {"organ": 3}}');
  expect(recallSpecimens(storage)).toEqual({});
  expect(recallSpecimens(null)).toEqual({});
});
