import { expect, it } from 'vitest';
import { readTissue, hasTissue } from '../segment/tissue.ts';
import { slideReader } from '../segment/slice-reader.ts';
import { nodePlatform } from './node-platform.node.ts';
import { readPicture } from './picture.ts';
import { SlideError, type Slide } from './slide.ts';
import { syntheticSlide } from './testing/synthetic-slide.ts';

const platform = nodePlatform();
const { decoder } = platform;

/** Tissue in a disc, glass elsewhere, on 100 × 60 tiles. */
const inDisc = (x: number, y: number): boolean => (x - 1200) ** 2 + (y - 900) ** 2 < 500 ** 2;
const disc = (broken: (column: number, row: number) => boolean = () => false): Slide & { asked: string[] } =>
  syntheticSlide({
    width: 3190,
    height: 1910,
    tileSize: 32,
    colour: (x, y) => (inDisc(x, y) ? [190, 100, 160] : [243, 241, 244]),
    tile: (_level, column, row) => {
      if (!broken(column, row)) return undefined;
      throw new SlideError('broken-tile', 'a.tif', 'Damaged.', 'Copy it again.');
    },
  });

it('is read from all tiles where there are few, from some where there are many, and is the same every time', async () => {
  const all = (await readPicture(disc(), decoder, 300))!;
  expect(all).toMatchObject({ read: 6000, total: 6000, gap: 0, width: 300, height: 300 });
  const slide = disc();
  const some = (await readPicture(slide, decoder, 300, undefined, 500))!;
  expect(some).toMatchObject({ read: 375, total: 6000, gap: 128 });
  expect(slide.asked).toHaveLength(375);
  const again = (await readPicture(disc(), decoder, 300, undefined, 500))!;
  expect(again.data).toEqual(some.data);
  // The sampled picture differs at the disc's edge alone.
  let differing = 0;
  for (let i = 1; i < all.data.length; i += 4) if (Math.abs(all.data[i]! - some.data[i]!) > 20) differing++;
  expect(differing / (300 * 300)).toBeLessThan(0.05);
});

it('is nothing for a slide with a small level', async () => {
  const slide = syntheticSlide({ width: 1000, height: 800, tileSize: 256, colour: () => [1, 2, 3] });
  expect(await readPicture(slide, decoder, 300)).toBeNull();
});

it('shows what can not be read as tissue', async () => {
  const slide = disc((column, row) => column > 80 && row > 50);
  const picture = (await readPicture(slide, decoder, 300, undefined, 500))!;
  const at = (x: number, y: number): number =>
    picture.data[(Math.floor(y / 10.64) * 300 + Math.floor(x / 10.64)) * 4]!;
  expect(at(3000, 1800)).toBe(100);
  expect(at(3000, 100)).toBe(243);
});

it('finds the tissue of a level that is too large to be read, with a margin where it looks at samples only', async () => {
  // Claims to be 16 times as large: the mask's reader must not ask for regions of it.
  const small = disc();
  const scale = 16;
  const levels = small.metadata.levels.map((level) => ({
    ...level,
    width: level.width * scale,
    height: level.height * scale,
    tileWidth: level.tileWidth * scale,
    tileHeight: level.tileHeight * scale,
  }));
  const { width, height } = levels[0]!;
  const slide: Slide = { ...small, metadata: { ...small.metadata, width, height, levels } };
  const reader = slideReader(slide, platform);
  const signal = new AbortController().signal;
  const mask = (await readTissue(reader, slide.metadata, 2000, signal))!;
  expect(mask).not.toBeNull();
  expect(mask.sampled).toBeUndefined();
  const sampled = (await readTissue(
    { ...reader, picture: (sizePx) => readPicture(slide, decoder, sizePx, signal, 500) },
    slide.metadata,
    2000,
    signal,
  ))!;
  expect(sampled.sampled).toEqual({ tiles: 375, of: 6000 });
  let wrong = 0;
  let cells = 0;
  for (let y = 0; y < height - 2000; y += 2000) {
    for (let x = 0; x < width - 2000; x += 2000) {
      const truly = [
        [x, y],
        [x + 2000, y],
        [x, y + 2000],
        [x + 2000, y + 2000],
        [x + 1000, y + 1000],
      ].some(([u = 0, v = 0]) => inDisc(u / scale, v / scale));
      cells++;
      // Never glass where there is tissue.
      if (truly) expect(hasTissue(sampled, { x, y, width: 2000, height: 2000 })).toBe(true);
      else if (hasTissue(sampled, { x, y, width: 2000, height: 2000 })) wrong++;
    }
  }
  expect(wrong / cells).toBeLessThan(0.3);
});
