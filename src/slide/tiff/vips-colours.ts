/**
 * libvips 8.14 makes each smaller level of a JPEG 2000 pyramid from the YCbCr values of the level before as if they were RGB,
 * so that level 0 is right and no other is. Nothing that the file says of itself gives this away; its pixels do.
 */
import { ycbcrToRgb } from '../jpeg2000/codec.ts';
import { payloadPixels } from '../payload-pixels.ts';
import type { SlidePlatform } from '../slide.ts';
import type { TileGrid } from '../tile-grid.ts';
import { containerColours, isJpeg2000, sampleLayout } from './tiff-support.ts';
import { tag } from './tags.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';

/** Means of right levels differ by less, and those of wrong ones by more, on a scale of 255. */
const alike = 6;

type Mean = readonly [red: number, green: number, blue: number];

/**
 * Whether the smaller levels have the wrong colours of libvips 8.14. Decodes a few tiles of files that it may have written.
 * @throws SlideError of reading.
 */
export async function hasWrongLevels(
  file: TiffFile,
  directory: TiffDirectory,
  [base, next]: readonly TileGrid[],
  platform: SlidePlatform,
): Promise<boolean> {
  if (base === undefined || next === undefined) return false;
  const scheme = directory.number(tag.compression) ?? 1;
  if (!isJpeg2000(scheme)) return false;
  const container = await containerColours(file, scheme, await sampleLayout(file, directory));
  if (container !== 'ycbcr-transformed') return false;
  // The same area of both, as far as the first tile of the smaller level goes.
  const share = {
    x: Math.min(1, next.tileWidth / next.width),
    y: Math.min(1, next.tileHeight / next.height),
  };
  const [large, small] = await Promise.all(
    [base, next].map((grid) => meanOf(grid, share, file.source.name, platform)),
  );
  if (large == null || small == null) return false;
  const again = new Uint8ClampedArray([...small.map(Math.round), 255]);
  ycbcrToRgb(again);
  return distance(large, small) > alike && distance(large, [again[0]!, again[1]!, again[2]!]) < alike;
}

const distance = (one: Mean, other: Mean): number =>
  Math.max(...one.map((value, i) => Math.abs(value - other[i]!)));

/** The mean colour of the top left part of a grid; null where a tile is missing. */
async function meanOf(
  grid: TileGrid,
  share: { readonly x: number; readonly y: number },
  file: string,
  platform: SlidePlatform,
): Promise<Mean | null> {
  const [width, height] = [Math.round(grid.width * share.x), Math.round(grid.height * share.y)];
  const sums = [0, 0, 0];
  for (let row = 0; row * grid.tileHeight < height; row++) {
    for (let column = 0; column * grid.tileWidth < width; column++) {
      const payload = await grid.tile(column, row, platform);
      const image = await payloadPixels(payload, platform, file, `tile ${column}, ${row}`);
      if (image === null) return null;
      const across = Math.min(image.width, width - column * grid.tileWidth);
      const down = Math.min(image.height, height - row * grid.tileHeight);
      for (let y = 0; y < down; y++) {
        for (let x = 0, at = 4 * y * image.width; x < across; x++, at += 4) {
          for (let band = 0; band < 3; band++) sums[band]! += image.data[at + band]!;
        }
      }
    }
  }
  const count = width * height;
  return [sums[0]! / count, sums[1]! / count, sums[2]! / count];
}
