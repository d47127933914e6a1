import { describe, expect, test } from 'vitest';
import { bestLevel, readRegion } from './region.ts';
import { SlideError, type ImageDecoder } from './slide.ts';
import { pixel } from './testing/images.ts';
import { syntheticSlide } from './testing/synthetic-slide.ts';
import { TileCache } from './tile-cache.ts';

const decoder: ImageDecoder = { decode: () => Promise.reject(new Error('damaged')) };

/** Colours that encode a pixel's position. */
const position = (x: number, y: number): [number, number, number] => [
  x % 256,
  y % 256,
  (x * 7 + y * 13) % 256,
];

describe('readRegion', () => {
  test('copies pixels as they are at full resolution, across tile borders', async () => {
    const slide = syntheticSlide({ width: 100, height: 90, tileSize: 32, colour: position });
    const image = await readRegion(slide, { x: 20, y: 25, width: 50, height: 40 }, 50, 40, { decoder });
    for (const [x, y] of [
      [0, 0],
      [11, 6],
      [12, 7],
      [49, 39],
    ] as const) {
      expect(pixel(image, x, y)).toEqual([...position(20 + x, 25 + y), 255]);
    }
  });

  test('averages areas exactly when it reduces', async () => {
    const slide = syntheticSlide({
      width: 64,
      height: 64,
      tileSize: 16,
      colour: (x, y) => [x * 4, y * 4, 0],
    });
    const image = await readRegion(slide, { x: 0, y: 0, width: 64, height: 64 }, 8, 8, { decoder });
    // The mean of 0, 4 … 28 is 14; eight pixels further it is 32 more.
    expect(pixel(image, 0, 0)).toEqual([14, 14, 0, 255]);
    expect(pixel(image, 7, 3)).toEqual([14 + 7 * 32, 14 + 3 * 32, 0, 255]);
  });

  test('weights border pixels by their share when the ratio is fractional', async () => {
    const slide = syntheticSlide({ width: 5, height: 5, tileSize: 2, colour: (x) => [x * 50, 0, 0] });
    const image = await readRegion(slide, { x: 0, y: 0, width: 5, height: 5 }, 2, 1, { decoder });
    // (0 + 50 + 100 / 2) / 2.5 = 40 and (100 / 2 + 150 + 200) / 2.5 = 160.
    expect([image.data[0], image.data[4]]).toEqual([40, 160]);
  });

  test('a one-pixel chequerboard reduces to grey, not to stripes', async () => {
    const board = (x: number, y: number): [number, number, number] =>
      (x + y) % 2 === 0 ? [255, 255, 255] : [0, 0, 0];
    const slide = syntheticSlide({ width: 210, height: 210, tileSize: 64, colour: board });
    const image = await readRegion(slide, { x: 0, y: 0, width: 210, height: 210 }, 60, 60, { decoder });
    const values = image.data.filter((_, i) => i % 4 === 0);
    expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(24);
  });

  test('interpolates linearly when enlarging and repeats the slide’s edge', async () => {
    const slide = syntheticSlide({ width: 4, height: 4, tileSize: 3, colour: (x) => [x * 60, 0, 0] });
    const image = await readRegion(slide, { x: 0, y: 0, width: 4, height: 4 }, 8, 8, { decoder });
    // Centres at 0.25, 0.75, 1.25 … level-0 pixels; pixel centres are at 0.5, 1.5 …
    expect([...image.data.slice(0, 32)].filter((_, i) => i % 4 === 0)).toEqual([
      0, 15, 45, 75, 105, 135, 165, 180,
    ]);
  });

  test('paints the background outside the slide, in proportion at its border', async () => {
    const slide = syntheticSlide({ width: 10, height: 10, tileSize: 8, colour: () => [100, 100, 100] });
    const image = await readRegion(slide, { x: -4, y: -4, width: 12, height: 12 }, 3, 3, {
      decoder,
      background: [0, 200, 255],
    });
    expect(pixel(image, 0, 0)).toEqual([0, 200, 255, 255]);
    expect(pixel(image, 1, 1)).toEqual([100, 100, 100, 255]);
    const half = await readRegion(slide, { x: -2, y: 2, width: 4, height: 4 }, 1, 1, { decoder });
    expect(pixel(half, 0, 0)).toEqual([178, 178, 178, 255]);
    const outside = await readRegion(slide, { x: 50, y: 50, width: 4, height: 4 }, 2, 2, { decoder });
    expect([...outside.data]).toEqual(Array(16).fill(255));
  });

  test('paints a missing tile as background; a broken one rejects and is named', async () => {
    const slide = syntheticSlide({
      width: 32,
      height: 16,
      tileSize: 16,
      colour: () => [10, 20, 30],
      tile: (_, column) => (column === 1 ? { kind: 'missing' } : undefined),
    });
    const image = await readRegion(slide, { x: 8, y: 0, width: 16, height: 16 }, 16, 16, { decoder });
    expect(pixel(image, 0, 0)).toEqual([10, 20, 30, 255]);
    expect(pixel(image, 8, 0)).toEqual([255, 255, 255, 255]);

    const broken = syntheticSlide({
      width: 32,
      height: 16,
      tileSize: 16,
      colour: () => [10, 20, 30],
      tile: (_, column) =>
        column === 1 ? { kind: 'encoded', type: 'image/jpeg', bytes: new Uint8Array([1]) } : undefined,
    });
    const read = readRegion(broken, { x: 8, y: 0, width: 16, height: 16 }, 16, 16, { decoder });
    await expect(read).rejects.toMatchObject({ code: 'broken-tile' });
    await expect(read).rejects.toThrow(SlideError);
    const whole = await readRegion(broken, { x: 0, y: 0, width: 16, height: 16 }, 16, 16, { decoder });
    expect(pixel(whole, 15, 15)).toEqual([10, 20, 30, 255]);
  });

  test('reads from the smallest level that is fine enough', async () => {
    const slide = syntheticSlide({
      width: 403,
      height: 400,
      tileSize: 64,
      reduced: [
        { width: 100, height: 100 },
        { width: 25, height: 25 },
      ],
      colour: (_x, _y, level) => [level * 100, 0, 0],
    });
    const at = async (scale: number): Promise<number> => {
      const side = Math.round(400 / scale);
      const image = await readRegion(slide, { x: 0, y: 0, width: 400, height: 400 }, side, side, { decoder });
      return image.data[0]! / 100;
    };
    expect(await at(1)).toBe(0);
    expect(await at(3.9)).toBe(0);
    expect(await at(4)).toBe(1);
    expect(await at(16)).toBe(2);
    expect(bestLevel(slide.metadata, 0.1)).toBe(0);
  });

  test('decodes a tile once, and again only after the cache dropped it', async () => {
    const slide = syntheticSlide({ width: 64, height: 16, tileSize: 16, colour: position });
    const cache = new TileCache(2 * 16 * 16 * 4);
    const left = { x: 0, y: 0, width: 16, height: 16 };
    await readRegion(slide, left, 16, 16, { decoder, cache });
    await readRegion(slide, left, 16, 16, { decoder, cache });
    expect(slide.asked).toEqual(['0/0/0']);
    await readRegion(slide, { ...left, width: 64 }, 64, 16, { decoder, cache });
    expect(cache.bytes).toBeLessThanOrEqual(2 * 16 * 16 * 4);
    await readRegion(slide, left, 16, 16, { decoder, cache });
    expect(slide.asked.filter((tile) => tile === '0/0/0')).toHaveLength(2);
  });

  test('stops when aborted', async () => {
    const slide = syntheticSlide({ width: 64, height: 64, tileSize: 16, colour: position });
    const controller = new AbortController();
    controller.abort();
    const read = readRegion(slide, { x: 0, y: 0, width: 64, height: 64 }, 8, 8, {
      decoder,
      signal: controller.signal,
    });
    await expect(read).rejects.toMatchObject({ name: 'AbortError' });
    expect(slide.asked).toEqual([]);
  });

  test('rejects invalid sizes', async () => {
    const slide = syntheticSlide({ width: 64, height: 64, tileSize: 16, colour: position });
    for (const [rect, width, height] of [
      [{ x: 0, y: 0, width: 0, height: 4 }, 4, 4],
      [{ x: NaN, y: 0, width: 4, height: 4 }, 4, 4],
      [{ x: 0, y: 0, width: 4, height: 4 }, 0, 4],
      [{ x: 0, y: 0, width: 4, height: 4 }, 4.5, 4],
      [{ x: 0, y: 0, width: 4, height: 4 }, 1e6, 1e6],
    ] as const) {
      await expect(readRegion(slide, rect, width, height, { decoder })).rejects.toThrow(RangeError);
    }
  });
});
