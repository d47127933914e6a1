import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slideIds } from '../../cohort/slide-id.ts';
import { findSlides, slideIdentity } from './find-slides.ts';

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
  (await findSlides(slides, join(folder, 'cohort'))).slides.map(({ place }) => place);

it('finds slides recursively, takes a series as one slide and skips results', async () => {
  expect(await places(folder)).toEqual(['a/x.tif', 'b.svs', 'series']);
});

it('takes a slide with its folder as one, and knows when a file of it changes', async () => {
  const cohort = join(folder, 'sets');
  const paths = [
    'm.mrxs',
    'm/Slidedat.ini',
    'm/Data0000.dat',
    'n/Slidedat.ini',
    'n/x.tif',
    'v.vsi',
    '_v_/s.tif',
  ];
  for (const path of paths) {
    mkdirSync(dirname(join(cohort, path)), { recursive: true });
    writeFileSync(join(cohort, path), '1');
  }
  const { slides } = await findSlides(cohort, join(folder, 'cohort'));
  expect(slides.map(({ place }) => place)).toEqual(['m.mrxs', 'n', 'v.vsi']);
  expect(await slideIdentity(join(cohort, 'm.mrxs'))).toMatchObject({ bytes: 3 });
  writeFileSync(join(cohort, 'm/Data0000.dat'), '22');
  expect(await slideIdentity(join(cohort, 'm.mrxs'))).toMatchObject({ bytes: 4 });
  rmSync(cohort, { recursive: true });
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

// Links need a right of their own on Windows.
describe.skipIf(process.platform === 'win32')('links', () => {
  const base = join(folder, 'links');
  const root = join(base, 'slides');
  const elsewhere = join(base, 'elsewhere');

  beforeAll(() => {
    for (const path of ['slides/deep/er', 'elsewhere/more']) mkdirSync(join(base, path), { recursive: true });
    for (const path of ['slides/z.svs', 'slides/deep/y.svs', 'elsewhere/more/w.svs', 'beside.svs']) {
      writeFileSync(join(base, path), path);
    }
    // To the parent, to itself, to the folder, to its parent, in a circle, and back from another folder.
    symlinkSync('..', join(root, 'deep', 'up'));
    symlinkSync('.', join(root, 'deep', 'er', 'self'));
    symlinkSync(root, join(root, 'again'));
    symlinkSync(base, join(root, 'above'));
    symlinkSync('ring-b', join(root, 'ring-a'));
    symlinkSync('ring-a', join(root, 'ring-b'));
    symlinkSync(elsewhere, join(root, 'a-elsewhere'));
    symlinkSync(elsewhere, join(root, 'b-elsewhere'));
    symlinkSync(root, join(elsewhere, 'back'));
    // The same files again.
    symlinkSync('z.svs', join(root, 'a-link.svs'));
    linkSync(join(root, 'deep', 'y.svs'), join(root, 'hard.svs'));
    // A slide that is gone: its job says so.
    symlinkSync('nothing.svs', join(root, 'gone.svs'));
  });

  it('give each slide once, under its own name, and end', async () => {
    const { slides, remarks } = await findSlides(root, join(base, 'cohort'));
    expect(slides.map(({ place }) => place)).toEqual([
      'a-elsewhere/more/w.svs',
      'deep/y.svs',
      'gone.svs',
      'z.svs',
    ]);
    const about = (path: string): string | undefined =>
      remarks.find((remark) => remark.startsWith(`${join(root, path)}: `));
    for (const path of ['deep/up', 'deep/er/self', 'again', 'above']) {
      expect(about(path)).toMatch(/Not searched, because this link leads back to a folder that it is in\.$/);
    }
    expect(about('b-elsewhere')).toContain(`same folder as ${join(root, 'a-elsewhere')}.`);
    expect(about('a-elsewhere/back')).toContain(`same folder as ${root}.`);
    expect(about('a-link.svs')).toContain(`same file as ${join(root, 'z.svs')}.`);
    expect(about('hard.svs')).toContain(`same file as ${join(root, 'deep/y.svs')}.`);
    expect(remarks).toHaveLength(8);
  });

  it('lead to slides elsewhere, and never into the cohort', async () => {
    symlinkSync(join(folder, 'cohort'), join(elsewhere, 'results'));
    const { slides } = await findSlides(elsewhere, join(folder, 'cohort'));
    expect(slides.map(({ place }) => place)).toEqual([
      'back/deep/y.svs',
      'back/gone.svs',
      'back/z.svs',
      'more/w.svs',
    ]);
  });

  it('count as the same slide over several entries', async () => {
    const z = join(root, 'z.svs');
    const { slides, remarks } = await findSlides(
      [join(root, 'a-link.svs'), z, z, root],
      join(folder, 'cohort'),
    );
    expect(slides.map(({ place }) => place)).toEqual([
      join(root, 'a-link.svs'),
      'a-elsewhere/more/w.svs',
      'deep/y.svs',
      'gone.svs',
    ]);
    expect(remarks.filter((remark) => remark.startsWith(`${z}: `))).toHaveLength(1);
  });
});

// Names are bytes on Linux only.
describe.skipIf(process.platform !== 'linux')('names that are not UTF-8', () => {
  const odd = join(folder, 'odd');
  const bytes = (name: string): Buffer =>
    Buffer.concat([Buffer.from(`${odd}/`), Buffer.from(name, 'latin1')]);

  it('are found in folders and lists, and their sizes too', async () => {
    mkdirSync(odd);
    mkdirSync(bytes('stra\xdfe'));
    writeFileSync(bytes('gr\xf6\xdfe.svs'), 'four');
    writeFileSync(bytes('stra\xdfe/\xff.svs'), 'other');
    const { slides } = await findSlides(odd, join(folder, 'cohort'));
    expect(slides.map(({ place }) => place)).toEqual(['gr\udcf6\udcdfe.svs', 'stra\udcdfe/\udcff.svs']);
    expect(await slideIdentity(slides[0]!.source)).toMatchObject({ bytes: 4 });
    const ids = await slideIds(
      slides.map(({ place }) => place),
      [],
    );
    expect(ids[0]).toMatch(/^gr-e-[0-9a-f]{24}$/);

    writeFileSync(bytes('list.txt'), Buffer.from(`\xef\xbb\xbf${odd}/gr\xf6\xdfe.svs\n`, 'latin1'));
    expect((await findSlides(join(odd, 'list.txt'), folder)).slides[0]?.source).toBe(slides[0]!.source);
  });
});
