import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSources } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import { slideFiles } from '../slide-files.node.ts';
import type { Slide } from '../slide.ts';
import { largestDifference, psnr } from '../testing/images.ts';

interface Golden {
  readonly slide: string;
  readonly png: string;
  readonly level: number;
  readonly downsample: number;
}

const folder = join(import.meta.dirname, '../golden/mrxs');
const platform = nodePlatform();
const { decoder } = platform;
const goldens = JSON.parse(readFileSync(join(folder, 'mrxs.json'), 'utf8')) as Golden[];

const open = async (name: string): Promise<Slide> =>
  openSlide(await pathByteSources(await slideFiles(join(folder, name))), platform);

describe('MRXS as OpenSlide reads it', () => {
  test.each(goldens)('$slide, level $level', async ({ slide: name, png, level, downsample }) => {
    const expected = await decoder.decode(new Uint8Array(readFileSync(join(folder, png))), 'image/png');
    const slide = await open(name);
    const { metadata } = slide;
    expect(metadata.levels[level]).toMatchObject({
      width: expected.width,
      height: expected.height,
      downsample,
    });
    const rect = { x: 0, y: 0, width: expected.width * downsample, height: expected.height * downsample };
    const actual = await readRegion(slide, rect, expected.width, expected.height, { decoder, level });
    slide.close();
    if (png.startsWith('plain') || png.startsWith('nominal')) {
      expect(psnr(actual, expected)).toBeGreaterThan(40);
    } else expect(largestDifference(actual, expected)).toBe(0);
  });

  test.each(['plain.mrxs', 'plain', 'plain/Slidedat.ini'])('the slide and its images by %s', async (path) => {
    const slide = await open(path);
    expect(slide.metadata).toMatchObject({
      name: path === 'plain.mrxs' ? 'plain.mrxs' : 'plain',
      format: 'mrxs',
      compression: 'JPEG',
      mpp: { x: 0.25, y: 0.25 },
      magnification: 20,
    });
    expect(slide.metadata.associated).toEqual([
      { name: 'macro', width: 40, height: 90 },
      { name: 'label', width: 32, height: 32 },
      { name: 'thumbnail', width: 48, height: 32 },
    ]);
    // The slide's name may be the patient's.
    expect(JSON.stringify(slide.metadata)).not.toContain('DOE');
    slide.close();
  });
});

test('the same slide has one fingerprint, by its preview, its folder, or the folder of both', async () => {
  const prints = await Promise.all(
    ['stitched.mrxs', 'stitched'].map(async (path) => {
      const slide = await open(path);
      slide.close();
      return [slide.metadata.fingerprint, slide.metadata.revision];
    }),
  );
  expect(prints[0]).toEqual(prints[1]);
});

describe('what is wrong is said', () => {
  const files = (name: string) =>
    readdirSync(join(folder, name)).map((file) => ({
      name: file,
      bytes: new Uint8Array(readFileSync(join(folder, name, file))),
    }));
  const opened = (all: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<Slide> =>
    openSlide(
      all.map(({ name, bytes }) => memoryByteSource(bytes, name, `s/${name}`)),
      platform,
    );
  const described = (
    change: (text: string) => string,
    encode: (text: string) => Uint8Array = (text) => Buffer.from(text),
  ) =>
    opened(
      files('stitched').map(({ name, bytes }) =>
        name === 'Slidedat.ini'
          ? { name, bytes: new Uint8Array(encode(change(new TextDecoder().decode(bytes)))) }
          : { name, bytes },
      ),
    );

  test('a missing data file', async () => {
    const rest = files('cameras').filter(({ name }) => name !== 'Data0001.dat');
    await expect(opened(rest)).rejects.toMatchObject({
      code: 'not-found',
      problem: expect.stringContaining('Data0001.dat is missing') as string,
    });
  });

  test.each<[string, (text: string) => string, string, string]>([
    [
      'fluorescence without filters',
      (text) => text.replace('[GENERAL]', '[GENERAL]\nSLIDE_TYPE = SLIDE_TYPE_FLUORESCENCE'),
      'unsupported',
      'fluorescence',
    ],
    ['another format of images', (text) => text.replaceAll('BMP24', 'JPEGXR'), 'unsupported', 'JPEGXR'],
    [
      'another slide’s index',
      (text) => text.replace('SLIDE_ID = 0', 'SLIDE_ID = F'),
      'corrupt',
      'another slide',
    ],
    ['no levels', (text) => text.replace('HIER_0_COUNT', 'HIER_9_COUNT'), 'corrupt', 'HIER_0_COUNT'],
    ['an impossible size', (text) => text.replaceAll('_WIDTH = 16', '_WIDTH = -16'), 'corrupt', 'WIDTH'],
    [
      'fewer photos than positions',
      (text) => text.replace('IMAGENUMBER_X = 6', 'IMAGENUMBER_X = 2'),
      'corrupt',
      'positions',
    ],
  ])('%s', async (_what, change, code, problem) => {
    await expect(described(change)).rejects.toMatchObject({
      code,
      problem: expect.stringContaining(problem) as string,
    });
  });

  test.each<[string, (text: string) => Uint8Array]>([
    ['UTF-16', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['line ends of Windows', (text) => Buffer.from(text.replaceAll('\n', '\r\n'))],
    ['Latin-1', (text) => Buffer.from(text.replace('DOE', 'MÜLLER'), 'latin1')],
  ])('%s is read', async (_what, encode) => {
    const slide = await described((text) => text.replace('\ufeff', ''), encode);
    expect(slide.metadata).toMatchObject({ width: 88, height: 44 });
    slide.close();
  });

  test('a damaged image breaks its tile, not the slide', async () => {
    const slide = await opened(
      files('plain').map(({ name, bytes }) => ({
        name,
        bytes: name === 'Data0000.dat' ? bytes.fill(0, 60, 200) : bytes,
      })),
    );
    await expect(slide.tile(0, 0, 0)).rejects.toMatchObject({ code: 'broken-tile' });
    expect(await slide.tile(0, 1, 0)).toMatchObject({ kind: 'encoded' });
    expect(await slide.tile(0, 3, 0)).toEqual({ kind: 'missing' });
    slide.close();
  });
});
