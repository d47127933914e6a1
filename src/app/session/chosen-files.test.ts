import { expect, it } from 'vitest';
import { maxFolderFiles } from '../../base/slide-sets.ts';
import { chosenFiles, droppedFiles } from './chosen-files.ts';

const fileEntry = (name: string, isReadable = true): FileSystemEntry =>
  ({
    ...{ name, isFile: true, isDirectory: false },
    file: (found: (file: File) => void, failed: () => void) =>
      isReadable ? found(new File(['x'], name)) : failed(),
  }) as unknown as FileSystemEntry;

/** Entries are handed out in parts of two, as browsers do in parts of a hundred. */
const folderEntry = (name: string, entries: readonly FileSystemEntry[]): FileSystemEntry =>
  ({
    ...{ name, isFile: false, isDirectory: true },
    createReader: () => {
      let at = 0;
      return {
        readEntries: (found: (part: readonly FileSystemEntry[]) => void) =>
          found(entries.slice(at, (at += 2))),
      };
    },
  }) as unknown as FileSystemEntry;

const dropped = (...entries: readonly FileSystemEntry[]): DataTransfer =>
  ({
    items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })),
    files: [new File(['x'], 'plain.svs')],
  }) as unknown as DataTransfer;

it('walks dropped folders and keeps the places of their files', async () => {
  const inner = folderEntry(
    'a',
    ['Slidedat.ini', 'Index.dat', 'Data0000.dat'].map((name) => fileEntry(name)),
  );
  const files = await droppedFiles(
    dropped(folderEntry('case', [fileEntry('a.mrxs'), inner]), fileEntry('b.svs')),
  );
  expect(files.map(({ path }) => path)).toEqual([
    'b.svs',
    'case/a.mrxs',
    'case/a/Slidedat.ini',
    'case/a/Index.dat',
    'case/a/Data0000.dat',
  ]);
});

it('takes dropped files as they are', async () => {
  expect((await droppedFiles(dropped(fileEntry('plain.svs')))).map(({ path }) => path)).toEqual([
    'plain.svs',
  ]);
  expect(await droppedFiles(null)).toEqual([]);
});

it('says what is too much, and what cannot be read', async () => {
  const many = new Array<File>(maxFolderFiles + 1).fill(new File([], 'x'));
  await expect(chosenFiles(many)).rejects.toMatchObject({
    report: { problem: 'The folder holds more than 100,000 files.' },
  });
  const locked = dropped(folderEntry('case', [fileEntry('a.svs', false)]));
  await expect(droppedFiles(locked)).rejects.toMatchObject({
    report: { file: 'case/a.svs', code: 'not-found' },
  });
});

it('ends in a folder that holds itself', async () => {
  const entries: FileSystemEntry[] = [fileEntry('a.svs')];
  const loop = folderEntry('loop', entries);
  entries.push(loop);
  expect((await droppedFiles(dropped(loop))).length).toBeLessThan(20);
});
