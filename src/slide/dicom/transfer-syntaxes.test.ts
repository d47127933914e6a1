/** Every transfer syntax and layout against what pydicom decodes (scripts/golden/dicom_syntaxes.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { ByteBudget } from '../limits.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSource } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import type { RgbaImage } from '../slide.ts';
import { largestDifference, pixel } from '../testing/images.ts';
import { channelGrid } from './channel-grid.ts';
import { dicomInstance } from './instance.ts';
import { levelsOf } from './level.ts';

const folder = join(import.meta.dirname, '../golden/dicom');
const platform = nodePlatform();
const { decoder } = platform;
const bytesOf = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(folder, name)));

interface Golden {
  readonly png: string;
  readonly slide: string;
  readonly kind: 'colours' | 'values';
  readonly channel?: number;
}

const goldens = JSON.parse(readFileSync(join(folder, 'syntaxes.json'), 'utf8')) as Golden[];
const expectedOf = ({ png }: Golden): Promise<RgbaImage> => decoder.decode(bytesOf(png), 'image/png');

test('there are goldens of each', () => {
  expect(goldens.filter(({ kind }) => kind === 'colours')).toHaveLength(9);
  expect(goldens.filter(({ kind }) => kind === 'values')).toHaveLength(12);
});

describe('colours', () => {
  test.each(goldens.filter(({ kind }) => kind === 'colours'))('$slide', async (golden) => {
    const expected = await expectedOf(golden);
    const slide = await openSlide([await pathByteSource(join(folder, golden.slide))], platform);
    const { width, height } = slide.metadata;
    expect([width, height]).toEqual([expected.width, expected.height]);
    const rect = { x: 0, y: 0, width, height };
    const actual = await readRegion(slide, rect, width, height, { decoder });
    slide.close();
    // The irreversible transform may be rounded in one way or another.
    expect(largestDifference(actual, expected)).toBeLessThanOrEqual(golden.slide.includes('lossy') ? 1 : 0);
  });
});

describe('values of grey images and of each optical path', () => {
  test.each(goldens.filter(({ kind }) => kind === 'values'))('$slide $channel', async (golden) => {
    const expected = await expectedOf(golden);
    const instance = await dicomInstance(memoryByteSource(bytesOf(golden.slide), 'a.dcm'));
    const level = levelsOf([instance], new ByteBudget('a.dcm')).levels[0]!;
    const grid = channelGrid(level, level.channels[golden.channel ?? 0]!, 'a.dcm');
    const inverted = instance.photometric === 'MONOCHROME1' ? 4095 : null;
    for (let y = 0; y < expected.height; y += 3) {
      for (let x = 0; x < expected.width; x += 3) {
        const [column, row] = [Math.floor(x / grid.tileWidth), Math.floor(y / grid.tileHeight)];
        const values = (await grid.values(column, row, platform))!;
        const value = values[(y % grid.tileHeight) * grid.tileWidth + (x % grid.tileWidth)]!;
        const [high = 0, low = 0] = pixel(expected, x, y);
        expect(inverted === null ? value : inverted - value).toBe(high * 256 + low);
      }
    }
  });

  test('optical paths are channels by their names, also more than are shown at first', async () => {
    const full = await openSlide([await pathByteSource(join(folder, 'paths-full.dcm'))], platform);
    expect(full.metadata.properties.Channels).toBe('DAPI, FITC, Cy3');
    expect(full.metadata.notes).toBeUndefined();
    full.close();
    const sparse = await openSlide([await pathByteSource(join(folder, 'paths-sparse.dcm'))], platform);
    expect(sparse.metadata.properties.Channels).toBe('DAPI, FITC, Cy3, Cy5, Cy7');
    expect(sparse.metadata.notes).toEqual(['4 of its 5 channels are shown unless others are chosen.']);
    sparse.close();
  });

  test('a grey image is shown in grey, by its window where it has one', async () => {
    // Centre 2000, width 3001: 0 is black at 499.5 and white at 3499.5; MONOCHROME1 is the other way round.
    const slide = await openSlide([memoryByteSource(bytesOf('grey12-window.dcm'), 'a.dcm')], platform);
    const golden = goldens.find((one) => one.slide === 'grey12-window.dcm')!;
    const expected = await expectedOf(golden);
    const { width, height } = slide.metadata;
    const actual = await readRegion(slide, { x: 0, y: 0, width, height }, width, height, { decoder });
    for (const [x, y] of [
      [0, 0],
      [15, 12],
      [39, 27],
    ] as const) {
      const [high = 0, low = 0] = pixel(expected, x, y);
      const share = Math.min(1, Math.max(0, (high * 256 + low - 499.5) / 3000));
      const [red = 0, green = 0, blue = 0] = pixel(actual, x, y);
      expect([green, blue]).toEqual([red, red]);
      expect(Math.abs(red - 255 * (1 - share))).toBeLessThanOrEqual(1);
    }
    slide.close();
  });
});

test('colours of 16 bits are said to lose their lower ones', async () => {
  const slide = await openSlide([memoryByteSource(bytesOf('rgb16.dcm'), 'rgb16.dcm')], platform);
  slide.close();
  expect(slide.metadata.notes).toEqual([
    expect.stringMatching(/^Its colours have 1\d bits; the upper 8 are shown\.$/),
  ]);
});

describe('damaged frames', () => {
  test.each(['jpegls.dcm', 'htj2k.dcm', 'jpeg2000-grey16.dcm', 'jpeg-lossless.dcm', 'rle.dcm', 'rgb16.dcm'])(
    '%s',
    async (name) => {
      const bytes = bytesOf(name);
      // The last frame begins in what is cut off, or ends there.
      const cut = bytes.slice(0, bytes.length - 300);
      const slide = await openSlide([memoryByteSource(cut, name)], platform);
      await expect(slide.tile(0, 2, 1)).rejects.toMatchObject({ code: 'broken-tile', file: name });
      expect((await slide.tile(0, 0, 0)).kind).toBe('pixels');
    },
  );

  test('a JPEG-LS stream without its end is broken at once: CharLS would search all of its memory', async () => {
    const bytes = bytesOf('jpegls.dcm');
    const end = bytes.findLastIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xd9);
    bytes[end] = 0xdf;
    const slide = await openSlide([memoryByteSource(bytes, 'a.dcm')], platform);
    const started = process.cpuUsage();
    await expect(slide.tile(0, 2, 1)).rejects.toMatchObject({ code: 'broken-tile' });
    const { user } = process.cpuUsage(started);
    expect(user).toBeLessThan(2e6);
  });

  test('a deflated file that is cut', async () => {
    const cut = bytesOf('deflated.dcm').slice(0, 3000);
    const slide = openSlide([memoryByteSource(cut, 'a.dcm')], platform);
    await expect(slide.then((one) => one.tile(0, 2, 1))).rejects.toMatchObject({ file: 'a.dcm' });
  });
});
