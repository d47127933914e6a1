import { expect, it } from 'vitest';
import { groupSlideFiles } from './slide-files.ts';

const dicom = (name: string): File => new File([new Uint8Array(128), 'DICM', new Uint8Array(9)], name);

it('takes a DICOM series as one slide, whatever its files are called, and every other file by itself', async () => {
  const files = [
    new File(['II*'], 'a.svs'),
    dicom('1.dcm'),
    new File(['not what it says'], 'b.dcm'),
    dicom('IM00002'),
  ];
  const groups = await groupSlideFiles(files);
  expect(groups.map(({ title, files: group }) => [title, group.map((file) => file.name)])).toEqual([
    ['a.svs', ['a.svs']],
    ['1.dcm and 1 more', ['1.dcm', 'IM00002']],
    ['b.dcm', ['b.dcm']],
  ]);
});
