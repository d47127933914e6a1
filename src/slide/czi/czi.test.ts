/** CZI files against their levels as libCZI reads them (scripts/golden/czi_goldens.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { ByteBudget } from '../limits.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import type { RgbaImage, Slide } from '../slide.ts';
import { largestDifference, meanDifference, psnr } from '../testing/images.ts';
import { CziFile, type CziSubblock } from './czi-file.ts';
import { greyLevels, SubblockReader } from './czi-levels.ts';
import { firstPlanes, layersOf } from './pyramid-layers.ts';

interface Golden {
  readonly slide: string;
  readonly png: string;
  readonly level: number;
  readonly channel?: number;
  readonly lossy?: boolean;
}

const folder = join(import.meta.dirname, '../golden/czi');
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
const goldens = JSON.parse(readFileSync(join(folder, 'czi.json'), 'utf8')) as Golden[];
const platform = nodePlatform();
const { decoder } = platform;

const open = (bytes: Uint8Array, name = 'made.czi'): Promise<Slide> =>
  openSlide([memoryByteSource(bytes, name)], platform);
const fileOf = (bytes: Uint8Array): CziFile =>
  new CziFile(memoryByteSource(bytes, 'made.czi'), new ByteBudget('made.czi'));
const png = (name: string): Promise<RgbaImage> => decoder.decode(Uint8Array.from(read(name)), 'image/png');

async function level(slide: Slide, index: number): Promise<RgbaImage> {
  const { width, height } = slide.metadata.levels[index]!;
  const rect = { x: 0, y: 0, width: slide.metadata.width, height: slide.metadata.height };
  return readRegion(slide, rect, width, height, { decoder, level: index });
}

describe('pictures as libCZI reads them', () => {
  test.each(goldens.filter(({ channel }) => channel === undefined))(
    '$slide, level $level',
    async ({ slide: name, png: golden, level: index, lossy }) => {
      const slide = await open(read(name), name);
      const expected = await png(golden);
      const actual = await level(slide, index);
      slide.close();
      if (lossy === true) expect(psnr(actual, expected)).toBeGreaterThan(45);
      else expect(largestDifference(actual, expected)).toBe(0);
    },
  );

  test.each(goldens.filter(({ channel }) => channel !== undefined))(
    '$slide, level $level, channel $channel: all bits',
    async ({ slide: name, png: golden, level: index, channel = 0 }) => {
      const file = fileOf(read(name));
      const { shown } = firstPlanes(await file.subblocks((await file.header()).directory));
      const bits = shown.find((one) => one.channel === channel)!.pixelType === 0 ? 8 : 16;
      const levels = greyLevels(layersOf(shown, file), channel, bits, file, new SubblockReader(file));
      const { image } = levels[index]!;
      const values = (await image.values(0, 0, platform))!;
      const expected = await sharp(read(golden))
        .toColourspace('grey16')
        .raw({ depth: 'ushort' })
        .toBuffer({ resolveWithObject: true });
      const numbers = new Uint16Array(Uint8Array.from(expected.data).buffer);
      const scale = bits === 8 ? 257 : 1;
      let wrong = 0;
      for (let y = 0; y < image.height; y++) {
        for (let x = 0; x < image.width; x++) {
          if (values[y * image.tileWidth + x]! * scale !== numbers[y * image.width + x]) wrong++;
        }
      }
      expect(wrong).toBe(0);
    },
  );
});

describe('CZI metadata', () => {
  test('scenes on one canvas, levels, pixel size, images beside it, and nothing of the patient', async () => {
    const slide = await open(read('brightfield.czi'));
    expect(slide.metadata).toMatchObject({
      format: 'zeiss-czi',
      compression: 'JPEG XR',
      mpp: { x: 0.25, y: 0.25, source: 'CZI scaling' },
      magnification: 20,
      scanner: 'Axioscan 7',
      width: 352,
      height: 296,
    });
    expect(slide.metadata.levels.map(({ downsample }) => downsample)).toEqual([1, 2, 4]);
    expect(slide.metadata.associated).toEqual([
      { name: 'label', width: 60, height: 40 },
      { name: 'macro', width: 90, height: 40 },
      { name: 'thumbnail', width: 43, height: 36 },
    ]);
    expect(JSON.stringify(slide.metadata)).not.toMatch(/DOE|S24-/);
    // The smaller scene has no copy of this level.
    const rect = { x: 0, y: 0, width: 352, height: 296 };
    const reduced = await readRegion(slide, rect, 88, 74, { decoder, level: 0 });
    expect(meanDifference(await level(slide, 2), reduced)).toBeLessThan(4);
    slide.close();
  });

  test('channels in their colours; what is not shown is said', async () => {
    const slide = await open(read('fluorescence.czi'));
    expect(slide.metadata.properties.Channels).toBe('DAPI, FITC, Cy3, BF');
    expect(slide.metadata.notes).toEqual(['It has 2 focal planes; only the first is shown.']);
    expect(slide.metadata.mpp).toMatchObject({ x: 0.325, y: 0.325 });
    slide.close();
  });

  test('display ranges are the windows of channels, unless they are the whole range', async () => {
    const text = Buffer.from(read('fluorescence.czi')).toString('latin1');
    const opened = async (...display: string[]): Promise<Slide> => {
      let changed = text;
      for (const [i, xml] of display.entries()) {
        const own = new RegExp(`<Channel Id="Channel:${i}"><Color>#\\w+</Color></Channel>`);
        // Of the same length, which the file states.
        changed = changed.replace(own, (old) => `<Channel>${xml}</Channel>`.padEnd(old.length));
      }
      expect(changed).toHaveLength(text.length);
      return open(new Uint8Array(Buffer.from(changed, 'latin1')));
    };
    const slide = await opened(
      '<Low>.1</Low><High>.5</High>',
      '<Low>0</Low><High>1</High>',
      '<High>.25</High>',
    );
    const windows = slide.metadata.channels!.map(({ window }) => window);
    expect(windows).toEqual([[6554, 32768], null, [0, 16384], null]);
    expect(slide.metadata.notes).toEqual(['It has 2 focal planes; only the first is shown.']);
    slide.close();
    const odd = await opened(
      '<Low>.5</Low><High>.5</High>',
      '<Low>-1</Low><High>9</High>',
      '<Gamma>.45</Gamma>',
    );
    expect(odd.metadata.channels!.map(({ window }) => window)).toEqual([null, null, null, null]);
    expect(odd.metadata.notes).toContain('Its display curves (gamma) are not applied: brightness is linear.');
    odd.close();
  });

  test.each([
    ['gray-float.czi', /Zeiss CZI file.*Gray32Float.*ZEN/],
    ['part.czi', /Zeiss CZI file.*several parts.*ZEN/],
  ])('%s is refused by name', async (name, message) => {
    await expect(open(read(name), name)).rejects.toThrow(message);
  });

  test('a file whose acquisition was not finished is refused', async () => {
    const bytes = read('bgr24-none.czi');
    bytes.fill(0, 32 + 52, 32 + 60);
    await expect(open(bytes)).rejects.toThrow(/not finished.*ZEN/);
  });
});

test('a damaged picture breaks its tile only', async () => {
  const bytes = read('brightfield.czi');
  // The first picture's codestream: its mark is the last thing before what is overwritten.
  const at = Buffer.from(bytes).indexOf('WMPHOTO');
  bytes.fill(0xff, at, at + 40);
  const slide = await open(bytes);
  await expect(slide.tile(0, 0, 0)).rejects.toMatchObject({ code: 'broken-tile' });
  expect((await slide.tile(0, 2, 2)).kind).toBe('pixels');
  slide.close();
});

describe('levels', () => {
  const file = fileOf(new Uint8Array());
  const made = (part: Partial<CziSubblock>): CziSubblock => {
    const { width = 100, height = 100 } = part;
    return {
      ...{ at: 0, pixelType: 3, compression: 0, x: 0, y: 0, width, height },
      ...{ storedWidth: width, storedHeight: height, channel: 0, scene: 0, mosaic: -1, plane: [0] },
      ...part,
    };
  };

  test('small pictures at a border belong to the level of the large ones, whatever their rounding', () => {
    const layers = layersOf(
      [
        made({ width: 1003, height: 500 }),
        made({ width: 1000, height: 500, storedWidth: 500, storedHeight: 250 }),
        made({ x: 1000, width: 3, height: 500, storedWidth: 1, storedHeight: 250 }),
      ],
      file,
    );
    expect(layers.map(({ downsample }) => downsample)).toEqual([1, 2]);
    expect(layers[1]!.placed.get(0)).toHaveLength(2);
  });

  test('levels end where a scene has nothing that is near enough', () => {
    const copy = (scale: number): CziSubblock =>
      made({ width: 6400, height: 6400, storedWidth: 6400 / scale, storedHeight: 6400 / scale });
    const other = made({ scene: 1, x: 7000, width: 640, height: 640 });
    const scales = [1, 2, 4, 8, 16, 32].map(copy);
    const downsamples = layersOf([...scales, other], file).map(({ downsample }) => downsample);
    expect(downsamples).toEqual([1, 2, 4, 8]);
  });

  test('a file of reduced copies only is refused', () => {
    expect(() => layersOf([made({ storedWidth: 50, storedHeight: 50 })], file)).toThrow(
      /only reduced copies/,
    );
  });
});
