import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { pathByteSource, pathByteSources } from './path-byte-source.node.ts';
import { namedFiles, slideFiles } from './slide-files.node.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  for (const file of [
    'one/a.mrxs',
    'one/a/Slidedat.ini',
    'one/a/Data0000.dat',
    'one/notes.txt',
    'two/b.mrxs',
    'two/b/Slidedat.ini',
    'two/c.svs',
    'vms/d.vms',
    'vms/d(0,1).jpg',
    'vms/e.tif',
    'series/1.dcm',
    'series/2.dcm',
    'series/more/3.dcm',
    'lone/f.mrxs',
    'g.svs',
  ]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), 'x');
  }
  mkdirSync(join(folder, 'empty'));
});

const places = async (path: string): Promise<string[]> =>
  (await slideFiles(join(folder, path))).map(({ place }) => place);

test('the files of a slide by its main file, its folder, or the folder of both', async () => {
  const inFolder = ['a/Data0000.dat', 'a/Slidedat.ini'];
  expect(await places('one/a.mrxs')).toEqual(['a.mrxs', ...inFolder]);
  expect(await places('one/a')).toEqual(inFolder);
  expect(await places('one/a/Slidedat.ini')).toEqual(inFolder);
  expect(await places('one')).toEqual(['one/a.mrxs', ...inFolder.map((path) => `one/${path}`)]);
  expect(await places('vms/d.vms')).toEqual(['d(0,1).jpg', 'd.vms']);
  expect(await places('series')).toEqual(['series/1.dcm', 'series/2.dcm']);
  expect(await places('g.svs')).toEqual(['g.svs']);
  expect(await places('lone/f.mrxs')).toEqual(['f.mrxs']);
  expect(await places('none.svs')).toEqual(['none.svs']);
});

test('a folder with several slides, or none, says so', async () => {
  await expect(places('two')).rejects.toMatchObject({
    code: 'unsupported',
    file: 'two',
    problem: 'The folder holds 2 slides: b.mrxs, c.svs.',
  });
  await expect(places('empty')).rejects.toMatchObject({ code: 'not-found', problem: 'The folder is empty.' });
  const [mrxs, two] = ['one/a', 'two/b'].map((path) => join(folder, path));
  const both = [...(await slideFiles(mrxs!)), ...(await slideFiles(two!))];
  await expect(openSlide(await pathByteSources(both), nodePlatform())).rejects.toMatchObject({
    problem: 'The files are those of 2 slides: a, b.',
  });
});

test.skipIf(process.platform === 'win32')('a link back to a folder above ends', async () => {
  symlinkSync('..', join(folder, 'lone', 'up'));
  await expect(places('lone')).rejects.toMatchObject({ code: 'unsupported' });
  rmSync(join(folder, 'lone', 'up'));
});

test('a preview without its folder names the remedy', async () => {
  const sources = await pathByteSources(await slideFiles(join(folder, 'lone/f.mrxs')));
  await expect(openSlide(sources, nodePlatform())).rejects.toMatchObject({
    problem: expect.stringContaining('only a preview') as string,
    remedy: 'Open or drop the folder that holds both.',
  });
});

test('files named one by one have places below the folder that holds all', () => {
  expect(namedFiles(['/x/a.mrxs', '/x/a/Index.dat']).map(({ place }) => place)).toEqual([
    'a.mrxs',
    'a/Index.dat',
  ]);
  expect(namedFiles(['/x/1.dcm', '/x/2.dcm'])[1]).toEqual({ path: '/x/2.dcm', place: '2.dcm' });
});

test('a file that is not held open is read, and its change noticed', async () => {
  const path = join(folder, 'h.bin');
  writeFileSync(path, 'abc');
  const source = await pathByteSource(path, { place: 'f/h.bin', held: false });
  expect(source.path).toBe('f/h.bin');
  expect(new TextDecoder().decode(await source.read(1, 5))).toBe('bc');
  writeFileSync(path, 'abcd');
  await expect(source.read(0, 1)).rejects.toMatchObject({ code: 'changed' });
  await source.close();
});
