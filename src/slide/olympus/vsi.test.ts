/** VSI slides against their levels as Bio-Formats reads them (scripts/golden/vsi_goldens.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { ByteBudget } from '../limits.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSources } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import { slideFiles } from '../slide-files.node.ts';
import type { ByteSource, RgbaImage, Slide } from '../slide.ts';
import { crop, largestDifference, psnr } from '../testing/images.ts';
import { etsFile } from './ets-file.ts';
import { greyLevels } from './ets-levels.ts';

interface Golden {
  readonly slide: string;
  readonly png: string;
  readonly level: number;
  readonly channel?: number;
}

const folder = join(import.meta.dirname, '../golden/vsi');
const read = (path: string): Uint8Array<ArrayBuffer> => Uint8Array.from(readFileSync(join(folder, path)));
const goldens = JSON.parse(readFileSync(join(folder, 'vsi.json'), 'utf8')) as Golden[];
const platform = nodePlatform();
const { decoder } = platform;

const open = async (name: string): Promise<Slide> =>
  openSlide(await pathByteSources(await slideFiles(join(folder, name))), platform);
const ets = (bytes: Uint8Array, name = 'made', stack = 10001): ByteSource =>
  memoryByteSource(bytes, 'frame_t.ets', `_${name}_/stack${stack}/frame_t.ets`);
const vsi = (bytes: Uint8Array): ByteSource => memoryByteSource(bytes, 'made.vsi');
const png = (name: string): Promise<RgbaImage> => decoder.decode(read(name), 'image/png');

async function level(slide: Slide, index: number): Promise<RgbaImage> {
  const { width, height } = slide.metadata.levels[index]!;
  const rect = { x: 0, y: 0, width: slide.metadata.width, height: slide.metadata.height };
  return readRegion(slide, rect, width, height, { decoder, level: index });
}

describe('levels as Bio-Formats reads them, a stitched scan as bioio-vsi does', () => {
  test.each(goldens.filter(({ channel }) => channel === undefined))(
    '$slide, level $level',
    async ({ slide: name, png: golden, level: index }) => {
      const slide = await open(name);
      const expected = await png(golden);
      expect(slide.metadata.levels[index]).toMatchObject({ width: expected.width, height: expected.height });
      const actual = await level(slide, index);
      slide.close();
      // Decoders of JPEG differ by a little.
      if (name === 'brightfield.vsi') expect(psnr(actual, expected)).toBeGreaterThan(40);
      else expect(largestDifference(actual, expected)).toBe(0);
    },
  );

  test.each(goldens.filter(({ channel }) => channel !== undefined))(
    '$slide, level $level, channel $channel: all bits',
    async ({ slide: name, png: golden, level: index, channel }) => {
      const source = ets(read(`_${name.slice(0, -4)}_/stack10001/frame_t.ets`));
      const file = await etsFile(source, new ByteBudget(name));
      const levels = greyLevels(file, file.size!, (others) =>
        others.every((place, i) => place === (i === 0 ? channel : 0)),
      );
      const { image } = levels[index]!;
      const { data } = await sharp(read(golden))
        .toColourspace('grey16')
        .raw({ depth: 'ushort' })
        .toBuffer({ resolveWithObject: true });
      const expected = new Uint16Array(Uint8Array.from(data).buffer);
      expect(expected).toHaveLength(image.width * image.height);
      let wrong = 0;
      for (let row = 0; row < image.rows; row++) {
        for (let column = 0; column < image.columns; column++) {
          const values = (await image.values(column, row, platform))!;
          for (let i = 0; i < values.length; i++) {
            const x = column * image.tileWidth + (i % image.tileWidth);
            const y = row * image.tileHeight + Math.floor(i / image.tileWidth);
            if (x < image.width && y < image.height && values[i] !== expected[y * image.width + x]) wrong++;
          }
        }
      }
      expect(wrong).toBe(0);
    },
  );
});

test('the scan is the slide, whatever lies beside it; nothing names the patient', async () => {
  const slide = await open('brightfield.vsi');
  expect(slide.metadata).toMatchObject({
    name: 'brightfield.vsi',
    format: 'olympus-vsi',
    compression: 'JPEG',
    mpp: { x: 0.2738, y: 0.2738, source: 'VSI calibration' },
    magnification: 20,
    associated: [
      { name: 'overview', width: 70, height: 40 },
      { name: 'macro', width: 60, height: 30 },
    ],
  });
  expect(slide.metadata.levels.map(({ downsample }) => downsample)).toEqual([1, 2, 4]);
  expect(JSON.stringify(slide.metadata)).not.toMatch(/DOE|S24-/);
  slide.close();
});

test('channels by their names, and how many focal planes are left out', async () => {
  const slide = await open('fluorescence.vsi');
  expect(slide.metadata.properties.Channels).toBe('DAPI, FITC');
  expect(slide.metadata.notes).toEqual(['It has 2 focal planes; only the first is shown.']);
  slide.close();
});

describe('what is refused, and how', () => {
  const rawEts = read('_raw_/stack10001/frame_t.ets');
  const changedEts = (...changes: readonly (readonly [at: number, value: number])[]): Uint8Array => {
    const bytes = rawEts.slice();
    for (const [at, value] of changes) new DataView(bytes.buffer).setInt32(at, value, true);
    return bytes;
  };

  test.each([
    ['without its folder', [vsi(read('raw.vsi'))], /folder _made_ beside it, is missing.*open the folder/],
    ['BMP tiles', [vsi(read('raw.vsi')), ets(changedEts([64 + 20, 9]))], /Olympus.*BMP.*QuPath/],
    ['32 bits', [vsi(read('raw.vsi')), ets(changedEts([64 + 8, 6]))], /Olympus.*code 6/],
    [
      'only an overview',
      [vsi(read('brightfield.vsi')), ets(read('_brightfield_/stack1/frame_t.ets'), 'made', 1)],
      /only pictures of the glass/,
    ],
    ['damaged', [vsi(read('raw.vsi')), ets(changedEts([0, 0]))], /does not begin like an ETS file/],
    [
      'channels that nothing names',
      [vsi(new Uint8Array(40)), ets(read('_fluorescence_/stack10001/frame_t.ets'))],
      /which of its planes are channels/,
    ],
  ])('%s', async (_, sources, message) => {
    await expect(openSlide(sources, platform)).rejects.toThrow(message);
  });

  test('an image that begins within a tile is cut to its place', async () => {
    const bytes = changedEts([64 + 172, -8], [64 + 176, -4], [64 + 188, 42], [64 + 192, 33]);
    const slide = await openSlide([vsi(read('raw.vsi')), ets(bytes)], platform);
    expect(slide.metadata).toMatchObject({ width: 42, height: 33 });
    const expected = crop(await png('raw-0.png'), [8, 4, 50, 37]);
    expect(largestDifference(await level(slide, 0), expected)).toBe(0);
    slide.close();
  });
});
