import { expect, test } from 'vitest';
import { Mosaic, type MosaicPiece } from './mosaic.ts';
import type { RgbaImage } from './slide.ts';
import { pixel } from './testing/images.ts';

/** An image whose red is its number and whose green and blue are the column and row. */
const picture = (number: number, side = 8): RgbaImage => ({
  width: side,
  height: side,
  data: Uint8ClampedArray.from(
    Array.from({ length: side * side }, (_, i) => [number, i % side, Math.floor(i / side), 255]).flat(),
  ),
});

const at = (x: number, y: number, source: number, more: Partial<MosaicPiece> = {}): MosaicPiece => ({
  ...{ x, y, width: 8, height: 8, source },
  ...more,
});

const size = { width: 20, height: 16, tileWidth: 10, tileHeight: 10 };
const read = (source: number): Promise<RgbaImage> => Promise.resolve(picture(source));

test('pictures lie where they are put, across tiles, cut at the border', async () => {
  const mosaic = new Mosaic(size, [at(6, 7, 1), at(-3, -2, 2), at(17, 12, 3)]);
  const [topLeft, topRight, bottomLeft, bottomRight] = await Promise.all(
    [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ].map(([column, row]) => mosaic.tile(column!, row!, read)),
  );
  expect(pixel(topLeft!, 0, 0)).toEqual([2, 3, 2, 255]);
  expect(pixel(topLeft!, 6, 7)).toEqual([1, 0, 0, 255]);
  expect(pixel(topLeft!, 5, 7)).toEqual([255, 255, 255, 255]);
  expect(pixel(topRight!, 3, 9)).toEqual([1, 7, 2, 255]);
  expect(pixel(bottomLeft!, 9, 4)).toEqual([1, 3, 7, 255]);
  expect(pixel(bottomRight!, 7, 2)).toEqual([3, 0, 0, 255]);
});

test('earlier pictures lie on top; parts of a picture may be used', async () => {
  const mosaic = new Mosaic(size, [at(0, 0, 1, { width: 4, height: 4, fromX: 2, fromY: 3 }), at(0, 0, 2)]);
  const tile = (await mosaic.tile(0, 0, read))!;
  expect(pixel(tile, 3, 3)).toEqual([1, 5, 6, 255]);
  expect(pixel(tile, 4, 3)).toEqual([2, 4, 3, 255]);
});

test('a tile is missing where no picture is; pictures beyond the level are ignored', async () => {
  const mosaic = new Mosaic(size, [at(0, 0, 1), at(25, 0, 2), at(-8, 0, 3), at(0, 40, 4)]);
  expect(await mosaic.tile(1, 1, read)).toBeNull();
  expect(await mosaic.tile(1, 0, read)).toBeNull();
  expect(await mosaic.tile(0, 0, () => Promise.resolve(null))).toBeNull();
});
