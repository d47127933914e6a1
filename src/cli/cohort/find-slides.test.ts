import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findSlides } from './find-slides.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-find-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files = [
  'b.svs',
  'a/x.tif',
  'a/x.xml',
  'a/x-mask.tif',
  'a/x.model.classes.tif',
  'series/1.dcm',
  'series/2.dcm',
  'cohort/slides/y/y.tif',
  '.trash/z.svs',
];

beforeAll(() => {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  symlinkSync(join(folder, 'b.svs'), join(folder, 'linked.svs'));
});

const places = async (slides: string | string[]): Promise<string[]> =>
  (await findSlides(slides, join(folder, 'cohort'))).map(({ place }) => place);

it('finds slides recursively, follows links, takes a series as one slide and skips results', async () => {
  expect(await places(folder)).toEqual(['a/x.tif', 'b.svs', 'linked.svs', 'series']);
});

it('reads lists with comments and empty lines, without duplicates', async () => {
  const list = join(folder, 'list.txt');
  writeFileSync(list, '# first\r\n/data/1.svs\r\n\n  https://example.org/2.svs#x  # second\n/data/1.svs\n');
  expect(await places([list, 'https://example.org/3.svs'])).toEqual([
    '/data/1.svs',
    'https://example.org/2.svs#x',
    'https://example.org/3.svs',
  ]);
});

it('names the folder or list without slides', async () => {
  await expect(places(join(folder, '.trash', 'none.txt'))).rejects.toThrow(
    /none\.txt: Can't read the list of slides/,
  );
  mkdirSync(join(folder, 'empty'));
  await expect(places(join(folder, 'empty'))).rejects.toThrow(/empty: No slides found/);
});
