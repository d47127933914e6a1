/** Our pixels against PNGs written by other readers (scripts/golden). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { pathByteSource } from './path-byte-source.node.ts';
import { readRegion } from './region.ts';
import type { Level0Rect, RgbaImage, Slide, TilePayload } from './slide.ts';
import { crop, largestDifference, psnr } from './testing/images.ts';

interface Golden {
  readonly png: string;
  readonly slide: string;
  readonly rect?: Level0Rect;
  readonly associated?: string;
  readonly crop?: [number, number, number, number];
  /** The level that the PNG shows in full. */
  readonly level?: number;
  /** Pixels must be equal, not just similar. */
  readonly exact?: boolean;
}

const root = join(import.meta.dirname, '../..');
const folder = join(import.meta.dirname, 'golden');
const platform = nodePlatform();
const { decoder } = platform;

const png = (name: string): Promise<RgbaImage> =>
  decoder.decode(new Uint8Array(readFileSync(join(folder, name))), 'image/png');

const pixels = async (payload: TilePayload): Promise<RgbaImage> => {
  if (payload.kind === 'missing') throw new Error('missing');
  return payload.kind === 'pixels' ? payload.image : decoder.decode(payload.bytes, payload.type);
};

const open = async (path: string): Promise<Slide> =>
  openSlide([await pathByteSource(join(root, path))], platform);

const goldens = JSON.parse(readFileSync(join(folder, 'openslide.json'), 'utf8')) as Golden[];

const formats = JSON.parse(readFileSync(join(folder, 'formats.json'), 'utf8')) as Golden[];

describe('DICOM as dcmtk decodes it, NDPI and JPEG 2000 as OpenSlide does', () => {
  test.for(formats)('$png', async ({ png: name, slide: file, rect, level }, context) => {
    if (!existsSync(join(root, file))) context.skip(`${file} is missing: development data`);
    const expected = await png(name);
    const slide = await open(file);
    const options = level === undefined ? { decoder } : { decoder, level };
    const actual = await readRegion(slide, rect!, expected.width, expected.height, options);
    slide.close();
    expect(psnr(actual, expected)).toBeGreaterThan(40);
  });
});

const makers = JSON.parse(readFileSync(join(folder, 'makers/makers.json'), 'utf8')) as Golden[];

describe('makers’ TIFFs as OpenSlide reads them, and tiles as their own marks say', () => {
  test.each(makers)('$slide, level $level', async ({ png: name, slide: file, level = 0 }) => {
    const expected = await png(`makers/${name}`);
    const slide = await open(`src/slide/golden/makers/${file}`);
    const { width, height } = slide.metadata;
    expect(slide.metadata.levels[level]).toMatchObject({ width: expected.width, height: expected.height });
    const rect = { x: 0, y: 0, width, height };
    const actual = await readRegion(slide, rect, expected.width, expected.height, { decoder, level });
    slide.close();
    expect(psnr(actual, expected)).toBeGreaterThan(40);
  });

  test.each([
    ['leica-areas.scn', ['macro'], [1, 2]],
    ['ventana.bif', ['macro', 'thumbnail'], [1, 2]],
    ['philips.tiff', ['label'], [1, 2, 4]],
  ] as const)(
    '%s has the right levels, pixels and images beside it',
    async (file, associated, downsamples) => {
      const slide = await open(`src/slide/golden/makers/${file}`);
      slide.close();
      expect(slide.metadata.mpp).toMatchObject({ x: 0.25, y: 0.25 });
      expect(slide.metadata.associated.map(({ name }) => name)).toEqual(associated);
      expect(slide.metadata.levels.map(({ downsample }) => downsample)).toEqual(downsamples);
      // Barcodes and labels stay in the file.
      expect(JSON.stringify(slide.metadata)).not.toMatch(/Tk9ORQ|9j\//);
    },
  );
});

const variants = JSON.parse(readFileSync(join(folder, 'variants/variants.json'), 'utf8')) as Golden[];

describe('TIFF variants as libvips and OpenSlide decode them', () => {
  test.each(variants)('$slide, level $level', async ({ png: name, slide: file, level = 0, exact }) => {
    const expected = await png(`variants/${name}`);
    const slide = await open(`src/slide/golden/variants/${file}`);
    const { width, height } = slide.metadata;
    expect(slide.metadata.levels[level]).toMatchObject({ width: expected.width, height: expected.height });
    const rect = { x: 0, y: 0, width, height };
    const actual = await readRegion(slide, rect, expected.width, expected.height, { decoder, level });
    slide.close();
    if (exact === true) expect(largestDifference(actual, expected)).toBe(0);
    expect(psnr(actual, expected)).toBeGreaterThan(40);
  });

  test.each([
    ['jpeg-ycbcr.tif', { x: 0.5, y: 0.5, source: 'TIFF resolution' }],
    ['bigtiff-subifd-lzw.tif', { x: 0.5, y: 0.5, source: 'TIFF resolution' }],
    ['aperio-jpeg2000-33003.svs', { x: 0.25, y: 0.25, source: 'Aperio MPP' }],
    ['palette.tif', null],
  ])('%s has the right pixel size', async (file, mpp) => {
    const slide = await open(`src/slide/golden/variants/${file}`);
    expect(slide.metadata.mpp).toEqual(mpp);
    slide.close();
  });
});

describe('pixels as other readers decode them', () => {
  test.each(goldens)('$png', async (golden) => {
    const expected = await png(golden.png);
    const slide = await open(golden.slide);
    const actual =
      golden.associated === undefined
        ? await readRegion(slide, golden.rect!, expected.width, expected.height, { decoder })
        : crop(await pixels(await slide.associatedImage(golden.associated)), golden.crop!);
    slide.close();
    if (golden.exact === true) expect(largestDifference(actual, expected)).toBe(0);
    expect(psnr(actual, expected)).toBeGreaterThan(40);
  });

  test('the goldens exist', () => {
    expect(goldens.length).toBeGreaterThanOrEqual(7);
    for (const golden of goldens) expect(existsSync(join(folder, golden.png))).toBe(true);
  });
});
