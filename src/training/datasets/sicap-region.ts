/**
 * A region of a slide, put together from overlapping patches of 512 pixels: pixels as a slide, and its mask. Each cell of one
 * stride takes both from the same patch.
 */
import { readFile } from 'node:fs/promises';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { Mosaic, type MosaicPiece } from '../../slide/mosaic.ts';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { SlideError, type RgbaImage, type Slide } from '../../slide/slide.ts';
import type { CodeClasses } from './code-classes.ts';
import { DatasetError, type ClassesIn } from './dataset.ts';
import { readIndexMask } from './index-mask.ts';

/** Patches overlap by half. 10× is 1 µm per pixel by convention; the files don't say it. */
export const patch = { px: 512, stridePx: 256, mpp: 1 } as const;

export interface Patch {
  readonly image: string;
  readonly mask: string;
  /** In strides, from the region's left and top. */
  readonly column: number;
  readonly row: number;
}

/** What a cell of one stride is taken from. */
interface Cell {
  readonly patch: Patch;
  /** Number of the patch. */
  readonly source: number;
  readonly column: number;
  readonly row: number;
}

/** A region's size and cells. */
export interface RegionPlan {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly patches: readonly Patch[];
  readonly cells: ReadonlyMap<string, Cell>;
}

const key = (column: number, row: number): string => `${column},${row}`;
/** Patches decoded to cache: two rows of a wide region. */
const cachedPatches = 64;
/** Cells unpacked to cache, 64 kB each. */
const cachedCells = 128;
const remedy = 'Download the patch again, or remove it.';

/** Chooses a patch for each cell. Those at even strides come first: they cover all they can without overlap. */
export function planRegion(name: string, patches: readonly Patch[]): RegionPlan {
  const odd = ({ column, row }: Patch): number => (column % 2) + (row % 2);
  const cells = new Map<string, Cell>();
  const order = patches.map((_, source) => source).sort((a, b) => odd(patches[a]!) - odd(patches[b]!));
  for (const source of order) {
    const from = patches[source]!;
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const [column, row] = [from.column + dx, from.row + dy];
      if (!cells.has(key(column, row))) cells.set(key(column, row), { patch: from, source, column, row });
    }
  }
  const side = (along: (one: Patch) => number): number =>
    patches.reduce((most, one) => Math.max(most, along(one)), 0) * patch.stridePx + patch.px;
  return {
    name,
    width: side(({ column }) => column),
    height: side(({ row }) => row),
    patches,
    cells,
  };
}

/** The region as a slide. Where there is no patch, it is white. */
export function regionSlide({ name, width, height, patches, cells }: RegionPlan): Slide {
  const { px, stridePx, mpp } = patch;
  const pieces = [...cells.values()].map(({ patch: from, source, column, row }): MosaicPiece => ({
    x: column * stridePx,
    y: row * stridePx,
    width: stridePx,
    height: stridePx,
    fromX: (column - from.column) * stridePx,
    fromY: (row - from.row) * stridePx,
    source,
  }));
  const mosaic = new Mosaic({ width, height, tileWidth: px, tileHeight: px }, pieces);
  const cache = new LeastRecentlyUsed<number, Promise<RgbaImage>>(cachedPatches, () => 1);
  const image = (source: number): Promise<RgbaImage> => {
    const known = cache.get(source);
    if (known !== undefined) return known;
    const decoded = decodePatch(patches[source]!.image);
    cache.set(source, decoded);
    return decoded;
  };
  return {
    metadata: {
      name,
      format: 'SICAPv2',
      compression: 'JPEG',
      width,
      height,
      levels: [{ width, height, downsample: 1, tileWidth: px, tileHeight: px }],
      mpp: { x: mpp, y: mpp, source: 'SICAPv2, 10×' },
      magnification: 10,
      associated: [],
      scanner: null,
      icc: null,
      fileSize: 0,
      fingerprint: '',
      revision: '',
      properties: {},
    },
    tile: async (level, column, row) => {
      if (level !== 0 || !(column >= 0 && row >= 0 && column < mosaic.columns && row < mosaic.rows)) {
        throw new RangeError(`${name} has no tile ${column}, ${row} on level ${level}.`);
      }
      const tile = await mosaic.tile(column, row, image);
      return tile === null ? { kind: 'missing' } : { kind: 'pixels', image: tile };
    },
    associatedImage: async (wanted) => {
      throw new RangeError(`${name} has no associated image "${wanted}".`);
    },
    iccProfile: async () => null,
    close: () => {
      cache.clear();
    },
  };
}

async function decodePatch(file: string): Promise<RgbaImage> {
  const image = await nodePlatform()
    .decoder.decode(new Uint8Array(await readFile(file)), 'image/jpeg')
    .catch((cause: unknown) => {
      throw new SlideError('broken-tile', file, "The patch can't be read as JPEG.", remedy, { cause });
    });
  if (image.width !== patch.px || image.height !== patch.px) {
    const problem = `The patch has ${image.width} × ${image.height} pixels, not ${patch.px} × ${patch.px}.`;
    throw new SlideError('broken-tile', file, problem, remedy);
  }
  return image;
}

/**
 * Reads all masks of a region. Cells are kept compressed: all of SICAPv2 has 1.2 gigapixels.
 * @throws DatasetError when a mask can't be read, has another size, or a value that is no code.
 */
export async function regionTruth({ patches, cells }: RegionPlan, classes: CodeClasses): Promise<ClassesIn> {
  const { px, stridePx } = patch;
  const byPatch = new Map<number, Cell[]>();
  for (const cell of cells.values()) {
    const known = byPatch.get(cell.source);
    if (known === undefined) byPatch.set(cell.source, [cell]);
    else known.push(cell);
  }
  const packed = new Map<string, Uint8Array | number>();
  for (const [source, ofPatch] of byPatch) {
    const { mask: file, column: left, row: top } = patches[source]!;
    const { width, height, values } = await readIndexMask(file);
    if (width !== px || height !== px) {
      const problem = `The mask has ${width} × ${height} pixels, its patch ${px} × ${px}.`;
      throw new DatasetError(file, problem, 'Use the masks as published.');
    }
    classes.check(values, file);
    for (const { column, row } of ofPatch) {
      const cell = new Uint8Array(stridePx * stridePx);
      for (let y = 0; y < stridePx; y++) {
        const from = ((row - top) * stridePx + y) * px + (column - left) * stridePx;
        for (let x = 0; x < stridePx; x++) cell[y * stridePx + x] = classes.classOf[values[from + x]!]!;
      }
      const [first] = cell;
      const isFlat = cell.every((value) => value === first);
      packed.set(key(column, row), isFlat ? first! : deflateRawSync(cell, { level: 1 }));
    }
  }
  const cache = new LeastRecentlyUsed<string, Uint8Array>(cachedCells, () => 1);
  return cellReader((column, row) => {
    const place = key(column, row);
    const cell = packed.get(place);
    if (cell === undefined || typeof cell === 'number') return cell ?? 0;
    const known = cache.get(place);
    if (known !== undefined) return known;
    const unpacked = inflateRawSync(cell);
    cache.set(place, unpacked);
    return unpacked;
  });
}

/** 1 where a patch is. */
export function regionCounted({ cells }: RegionPlan): ClassesIn {
  return cellReader((column, row) => Number(cells.has(key(column, row))));
}

/** @param cell its values, or the value of all its pixels */
function cellReader(cell: (column: number, row: number) => Uint8Array | number): ClassesIn {
  const { stridePx } = patch;
  return (rect, outWidth, outHeight) => {
    const out = new Uint8Array(outWidth * outHeight);
    for (let row = 0; row < outHeight; row++) {
      const y = Math.floor(rect.y + ((row + 0.5) * rect.height) / outHeight);
      const cellRow = Math.floor(y / stridePx);
      let cellColumn = NaN;
      let values: Uint8Array | number = 0;
      for (let column = 0; column < outWidth; column++) {
        const x = Math.floor(rect.x + ((column + 0.5) * rect.width) / outWidth);
        const at = Math.floor(x / stridePx);
        if (at !== cellColumn) {
          cellColumn = at;
          values = cell(cellColumn, cellRow);
        }
        out[row * outWidth + column] =
          typeof values === 'number'
            ? values
            : values[(y - cellRow * stridePx) * stridePx + x - at * stridePx]!;
      }
    }
    return out;
  };
}
