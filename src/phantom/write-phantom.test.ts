import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseImageScope } from '../annotation/read-imagescope.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { pathByteSource } from '../slide/path-byte-source.node.ts';
import { writePhantom } from './write-phantom.node.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'phantom-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

it('writes slides in the layout of BACH part B: Aperio SVS and ImageScope XML', async () => {
  const options = {
    directory,
    seed: 3,
    widthMm: 1.2,
    heightMm: 1,
    mpp: 1,
    maskMpp: 4,
    quality: 80,
    name: 'A01',
    format: 'svs',
  } as const;
  const { note, isNew } = await writePhantom(options);
  expect([note.slide, note.annotations, isNew]).toEqual(['A01.svs', 'A01.xml', true]);
  const file = join(directory, 'A01.svs');
  const slide = await openSlide([await pathByteSource(file)], nodePlatform());
  const { format, mpp, magnification, levels } = slide.metadata;
  slide.close();
  expect([format, mpp?.x, magnification]).toEqual(['aperio-svs', 1, 10]);
  expect(levels.map(({ width, height, tileWidth }) => [width, height, tileWidth])).toEqual([
    [1200, 1000, 240],
    [300, 250, 240],
  ]);
  // libvips reads the same picture from it.
  const { width, height } = await sharp(file).metadata();
  expect([width, height]).toEqual([1200, 1000]);
  const { mpp: annotated } = parseImageScope(await readFile(join(directory, 'A01.xml'), 'utf8'), 'A01.xml');
  expect(annotated).toBe(1);
  expect((await writePhantom(options)).isNew).toBe(false);
});
