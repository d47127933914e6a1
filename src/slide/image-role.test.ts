import { expect, test } from 'vitest';
import { imageRole } from './image-role.ts';

test.each([
  ['label image', 'label'],
  ['Label_Image', 'label'],
  ['Macro', 'macro'],
  ['THUMBNAIL', 'thumbnail'],
  ['slide overview', 'overview'],
  ['Labelled nuclei', null],
  ['', null],
  ['<?xml version="1.0"?><label/>', null],
  ['{"label": 1}', null],
  [`${'x'.repeat(300)} label`, null],
])('%s', (text, role) => {
  expect(imageRole(text)).toBe(role);
});
