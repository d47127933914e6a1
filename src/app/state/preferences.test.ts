import { expect, it } from 'vitest';
import { loadPreferences, parsePreferences, savePreferences } from './preferences.ts';

it('starts dark, with fill at 35 % and outline at 100 %', () => {
  const preferences = parsePreferences(null);
  expect(preferences.theme).toBe('dark');
  expect(preferences.overlay).toMatchObject({
    fillOpacity: 0.35,
    outlineOpacity: 1,
    palette: 'colour-blind-safe',
  });
});

it('keeps what is right of a damaged entry', () => {
  const preferences = parsePreferences('{"theme":"light","surround":"plaid","overlay":{"fill":7}}');
  expect(preferences.theme).toBe('light');
  expect(preferences.surround).toBe('theme');
  expect(preferences.overlay.fill).toBe(true);
  expect(parsePreferences('{').theme).toBe('dark');
  expect(parsePreferences('[1]').theme).toBe('dark');
});

it('comes back from storage, and does without', () => {
  const entries = new Map<string, string>();
  const storage = {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
  };
  const preferences = { ...parsePreferences(null), theme: 'light', leftPanel: null } as const;
  savePreferences(storage, preferences);
  expect(loadPreferences(storage)).toEqual(preferences);
  expect(loadPreferences(null).theme).toBe('dark');
});
