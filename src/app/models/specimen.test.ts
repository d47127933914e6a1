import { expect, it } from 'vitest';
import {
  firstKnown,
  organName,
  recallSpecimens,
  rememberSpecimens,
  specimenOf,
  stainName,
} from './specimen.ts';

it.each([
  ['Colon structure', 'colon'],
  ['LARGE INTESTINE', 'colon'],
  ['Kidney', 'kidney'],
  ['Spleen', 'spleen'],
])('maps the organ %s to %s', (text, name) => expect(organName(text)).toBe(name));

it.each([
  ['hematoxylin stain, water soluble eosin stain', 'H&E'],
  ['Haematoxylin and Eosin', 'H&E'],
  ['H & E', 'H&E'],
  ['synthetic, like H&E', 'H&E'],
  ['Immunohistochemical: Ki-67', 'immunohistochemistry'],
  ['Masson trichrome', 'trichrome'],
  ['Giemsa', 'giemsa'],
])('maps the stain %s to %s', (text, name) => expect(stainName(text)).toBe(name));

it('reads slide metadata, and takes the first known value', () => {
  expect(specimenOf({ properties: { BodyPartExamined: 'BREAST', ImageType: 'ORIGINAL' } })).toEqual({
    organ: 'BREAST',
    stain: null,
  });
  const channel = { name: 'DAPI', colour: [0, 0, 255], on: true, bits: 16, window: null } as const;
  expect(specimenOf({ properties: {}, channels: [channel] }).stain).toBe('fluorescence');
  // Red, green and blue planes of a brightfield slide.
  expect(specimenOf({ properties: { Channels: 'R, G, B' } }).stain).toBeNull();
  expect(firstKnown({ organ: null, stain: 'PAS' }, { organ: 'colon', stain: 'H&E' })).toEqual({
    organ: 'colon',
    stain: 'PAS',
  });
});

it('remembers what the user entered, forgets cleared entries, and survives a damaged record', () => {
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
