import { expect, test } from 'vitest';
import { slideSets } from './slide-sets.ts';

const found = (...paths: string[]) => {
  const { sets, others } = slideSets(paths.map((path) => ({ path })));
  return {
    sets: sets.map(({ kind, title, files }) => [kind, title, files.map(({ path }) => path)]),
    others: others.map(({ path }) => path),
  };
};

test('a folder with Slidedat.ini and the preview beside it', () => {
  const files = ['a.mrxs', 'a/Slidedat.ini', 'a/Index.dat', 'a/Data0000.dat'];
  expect(found(...files)).toEqual({ sets: [['mrxs', 'a.mrxs', files]], others: [] });
  const inFolder = files.map((path) => `case/${path}`);
  expect(found(...inFolder, 'case/b.mrxs')).toEqual({
    sets: [['mrxs', 'a.mrxs', inFolder]],
    others: ['case/b.mrxs'],
  });
  expect(found('a/SLIDEDAT.INI', 'a/x')).toMatchObject({ sets: [['mrxs', 'a', ['a/SLIDEDAT.INI', 'a/x']]] });
  expect(found('Slidedat.ini', 'Index.dat').sets).toEqual([
    ['mrxs', 'Slidedat.ini', ['Slidedat.ini', 'Index.dat']],
  ]);
});

test('a folder of folders, only the outermost of which is the slide', () => {
  const files = ['x/img.zarr/0/.zarray', 'x/img.zarr/.zattrs', 'x/img.zarr/labels/.zgroup'];
  expect(found(...files, 'x/y.svs')).toEqual({ sets: [['zarr', 'img.zarr', files]], others: ['x/y.svs'] });
});

test('a file with a folder beside it', () => {
  const files = ['a.vsi', '_a_/stack1/frame_t.ets'];
  expect(found(...files, '_b_/frame_t.ets')).toEqual({
    sets: [['vsi', 'a.vsi', files]],
    others: ['_b_/frame_t.ets'],
  });
});

test('files that can be slides of their own: those of the set’s name, or all where none has it', () => {
  expect(found('a.ndpis', 'a-DAPI.ndpi', 'A-FITC.ndpi', 'b.ndpi')).toEqual({
    sets: [['ndpis', 'a.ndpis', ['a.ndpis', 'a-DAPI.ndpi', 'A-FITC.ndpi']]],
    others: ['b.ndpi'],
  });
  expect(found('renamed.ndpis', 'a-DAPI.ndpi', 'a-FITC.ndpi').others).toEqual([]);
  expect(found('a.ndpi', 'b.ndpi').sets).toEqual([]);
});

test('files beside a file: all where it is alone, else those of its name', () => {
  expect(found('a.vms', 'x(1,0).jpg', 'x.opt', 'notes.txt')).toEqual({
    sets: [['vms', 'a.vms', ['a.vms', 'x(1,0).jpg', 'x.opt']]],
    others: ['notes.txt'],
  });
  expect(found('a.vms', 'a2.vms', 'a_0.jpg', 'a2_0.jpg', 'b.jpg')).toEqual({
    sets: [
      ['vms', 'a.vms', ['a.vms', 'a_0.jpg']],
      ['vms', 'a2.vms', ['a2.vms', 'a2_0.jpg']],
    ],
    others: ['b.jpg'],
  });
});
