import { expect, it } from 'vitest';
import { groupSlideFiles } from './slide-files.ts';

it('takes a DICOM series as one slide and every other file by itself', () => {
  const files = ['a.svs', '1.dcm', 'b.tif', '2.DCM'].map((name) => ({ name }));
  expect(
    groupSlideFiles(files).map(({ title, files: group }) => [title, group.map((file) => file.name)]),
  ).toEqual([
    ['a.svs', ['a.svs']],
    ['1.dcm and 1 more', ['1.dcm', '2.DCM']],
    ['b.tif', ['b.tif']],
  ]);
});
