import { expect, it } from 'vitest';
import { groupSlideFiles } from './group-slide-files.ts';

const at = (path: string, content: BlobPart[] = []) => ({
  path,
  file: new File(content, path.split('/').at(-1)!),
});
const dicom = (path: string) => at(path, [new Uint8Array(128), 'DICM', new Uint8Array(9)]);

const grouped = async (files: ReturnType<typeof at>[]): Promise<[string, string[]][]> =>
  (await groupSlideFiles(files)).map(({ title, files: group }) => [title, group.map(({ path }) => path)]);

it('groups all DICOM files into one slide, and opens every other file separately', async () => {
  const files = [at('a.svs', ['II*']), dicom('1.dcm'), at('b.dcm', ['not what it says']), dicom('IM00002')];
  expect(await grouped(files)).toEqual([
    ['a.svs', ['a.svs']],
    ['1.dcm and 1 more', ['1.dcm', 'IM00002']],
    ['b.dcm', ['b.dcm']],
  ]);
});

it('takes the DICOM files of each folder as a slide of its own', async () => {
  const files = ['c/1/a.dcm', 'c/2/a.dcm', 'c/1/b.dcm'].map((path) => dicom(path));
  expect(await grouped(files)).toEqual([
    ['1', ['c/1/a.dcm', 'c/1/b.dcm']],
    ['2', ['c/2/a.dcm']],
  ]);
});

it('keeps the files of a slide together, and leaves out what is no slide in a folder', async () => {
  const files = ['notes.txt', 'a.mrxs', 'a/Slidedat.ini', 'a/Data0000.dat', 'b.svs', 'c.png', 'Thumbs.db'];
  expect(await grouped(files.map((path) => at(`case/${path}`)))).toEqual([
    ['a.mrxs', ['case/a.mrxs', 'case/a/Slidedat.ini', 'case/a/Data0000.dat']],
    ['b.svs', ['case/b.svs']],
    ['c.png', ['case/c.png']],
  ]);
});
