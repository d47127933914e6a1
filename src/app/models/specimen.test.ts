import { expect, it } from 'vitest';
import { firstKnown, organName, specimenOf, stainName } from './specimen.ts';

it.each([
  ['Colon structure', 'colon'],
  ['LARGE INTESTINE', 'colon'],
  ['Kidney', 'kidney'],
  ['Spleen', 'spleen'],
])('knows the organ %s as %s', (text, name) => expect(organName(text)).toBe(name));

it.each([
  ['hematoxylin stain, water soluble eosin stain', 'H&E'],
  ['Haematoxylin and Eosin', 'H&E'],
  ['H & E', 'H&E'],
  ['synthetic, like H&E', 'H&E'],
  ['Immunohistochemical: Ki-67', 'immunohistochemistry'],
  ['Masson trichrome', 'trichrome'],
  ['Giemsa', 'giemsa'],
])('knows the stain %s as %s', (text, name) => expect(stainName(text)).toBe(name));

it('reads what files say, and takes the first that is known', () => {
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
