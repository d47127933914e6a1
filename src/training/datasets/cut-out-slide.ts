/**
 * A slide made of a region that was cut into overlapping slices: level 0 is assembled from the slices, level
 * 1 is the reduced image of the region if there is one.
 */
import { readFile } from 'node:fs/promises';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { SlideError, type RgbaImage, type Slide, type TilePayload } from '../../slide/slide.ts';

/** The paper's authors cut regions of 5000 pixels into slices of 1000 pixels every 500, row by row. */
export const cutOut = { regionPx: 5000, slicePx: 1000, stridePx: 500, slicesPerRow: 9, mpp: 0.467 } as const;

/** Cells of one stride along the side of a region. */
export const cellsPerRow = cutOut.regionPx / cutOut.stridePx;

export interface CutOutRegion {
  /** Slide, left and top, like `A01_0_10000`. */
  readonly name: string;
  /** File of each available slice, by its number. */
  readonly slices: ReadonlyMap<number, string>;
  /** File of the whole region resized to 500 × 500 pixels; null if missing. */
  readonly small: string | null;
}

const smallPx = 500;
/** Decoded slices to cache. Tiles are read row by row, and a slice covers two rows. */
const cachedSlices = 12;

/** Numbers of the slices that cover a cell. Even ones come first: they cover all cells without overlap. */
export function slicesOver(column: number, row: number): number[] {
  const starts = (cell: number): number[] =>
    [cell - 1, cell]
      .filter((start) => start >= 0 && start < cutOut.slicesPerRow)
      .sort((a, b) => (a % 2) - (b % 2));
  return starts(row).flatMap((y) => starts(column).map((x) => y * cutOut.slicesPerRow + x));
}

/** The region as a slide. Tiles that no slice covers are missing, and so shown white. */
export function cutOutSlide(region: CutOutRegion): Slide {
  const { regionPx, stridePx, mpp } = cutOut;
  const cache = new LeastRecentlyUsed<number, Promise<RgbaImage>>(cachedSlices, () => 1);
  const decoded = (number: number, file: string): Promise<RgbaImage> => {
    const cached = cache.get(number);
    if (cached !== undefined) return cached;
    const image = decodeSlice(file);
    cache.set(number, image);
    return image;
  };
  const levels = [
    { width: regionPx, height: regionPx, downsample: 1, tileWidth: stridePx, tileHeight: stridePx },
    {
      width: smallPx,
      height: smallPx,
      downsample: regionPx / smallPx,
      tileWidth: smallPx,
      tileHeight: smallPx,
    },
  ];
  return {
    metadata: {
      name: region.name,
      format: 'cut-out-slices',
      compression: 'PNG',
      width: regionPx,
      height: regionPx,
      levels: region.small === null ? levels.slice(0, 1) : levels,
      mpp: { x: mpp, y: mpp, source: 'BACH' },
      magnification: 20,
      associated: [],
      scanner: null,
      icc: null,
      fileSize: 0,
      fingerprint: '',
      revision: '',
      properties: {},
    },
    tile: async (level, column, row): Promise<TilePayload> => {
      if (level === 1 && region.small !== null) {
        return { kind: 'encoded', type: 'image/png', bytes: new Uint8Array(await readFile(region.small)) };
      }
      if (level !== 0 || !(column < cellsPerRow && row < cellsPerRow)) {
        throw new RangeError(`${region.name} has no tile ${column}, ${row} on level ${level}.`);
      }
      const number = slicesOver(column, row).find((each) => region.slices.has(each));
      const file = number === undefined ? undefined : region.slices.get(number);
      if (number === undefined || file === undefined) return { kind: 'missing' };
      const left = column - (number % cutOut.slicesPerRow);
      const top = row - Math.floor(number / cutOut.slicesPerRow);
      return { kind: 'pixels', image: quarter(await decoded(number, file), left, top) };
    },
    associatedImage: async (name) => {
      throw new RangeError(`${region.name} has no associated image "${name}".`);
    },
    iccProfile: async () => null,
    close: () => {
      cache.clear();
    },
  };
}

async function decodeSlice(file: string): Promise<RgbaImage> {
  const remedy = 'Cut the region again, or remove the file.';
  const image = await nodePlatform()
    .decoder.decode(new Uint8Array(await readFile(file)), 'image/png')
    .catch((cause: unknown) => {
      throw new SlideError('broken-tile', file, "The slice can't be read as PNG.", remedy, { cause });
    });
  const { slicePx } = cutOut;
  if (image.width !== slicePx || image.height !== slicePx) {
    const size = `${image.width} × ${image.height}`;
    throw new SlideError(
      'broken-tile',
      file,
      `The slice has ${size} pixels, not ${slicePx} × ${slicePx}.`,
      remedy,
    );
  }
  return image;
}

/** The quarter of a slice at (left, top), 0 or 1 each. */
function quarter({ width, data }: RgbaImage, left: number, top: number): RgbaImage {
  const side = cutOut.stridePx;
  const out = new Uint8ClampedArray(side * side * 4);
  for (let row = 0; row < side; row++) {
    const from = ((top * side + row) * width + left * side) * 4;
    out.set(data.subarray(from, from + side * 4), row * side * 4);
  }
  return { width: side, height: side, data: out };
}
