import { expect, it } from 'vitest';
import { firstKnown, organName, specimenOf, stainName } from './specimen.ts';

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
  expect(specimenOf({ BodyPartExamined: 'BREAST', ImageType: 'ORIGINAL' })).toEqual({
    organ: 'BREAST',
    stain: null,
  });
  expect(specimenOf({ Channels: 'DAPI, FITC' }).stain).toBe('fluorescence');
  expect(firstKnown({ organ: null, stain: 'PAS' }, { organ: 'colon', stain: 'H&E' })).toEqual({
    organ: 'colon',
    stain: 'PAS',
  });
});
