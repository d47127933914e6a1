/**
 * Reads the pixels of any rectangle of a slide at any scale, for the engine and the exports. One
 * implementation for page, worker and Node.
 */
import type { ReadTimes } from './read-times.ts';
import { axisWeights } from './axis-weights.ts';
import type { ImageSums } from './resample.ts';
import { imageSums } from './simd-resample.ts';
import { abortReason } from '../base/abort.ts';
import type { ImageDecoder, Level0Rect, RgbaImage, Slide, SlideLevel, SlideMetadata } from './slide.ts';
import { TileCache } from './tile-cache.ts';

export interface ReadRegionOptions {
  readonly decoder: ImageDecoder;
  readonly signal?: AbortSignal | undefined;
  /** Used outside the slide and where tiles are missing; white by default. */
  readonly background?: readonly [red: number, green: number, blue: number];
  /** Reads from this level instead of the best one. */
  readonly level?: number;
  /** Cache of decoded tiles; by default, one cache of 128 MiB for all slides. */
  readonly cache?: TileCache;
  /** This read adds its times here. */
  readonly times?: ReadTimes | undefined;
}

const sharedCache = new TileCache(128 * 1024 * 1024);
/** Tiles that are read and decoded in parallel. */
const concurrentTiles = 8;
const maxOutputPixels = 2 ** 26;

/**
 * Reads `rect` as an image of `outWidth` × `outHeight` opaque pixels. Reduces by exact area averages from the
 * smallest level that is fine enough; enlarges bilinearly.
 * @throws SlideError `broken-tile` when a tile cannot be read; RangeError for an empty or infinite size; an
 * AbortError when the signal aborts.
 */
export async function readRegion(
  slide: Slide,
  rect: Level0Rect,
  outWidth: number,
  outHeight: number,
  options: ReadRegionOptions,
): Promise<RgbaImage> {
  checkSizes(rect, outWidth, outHeight);
  const { signal, decoder, times } = options;
  const background = options.background ?? [255, 255, 255];
  const { metadata } = slide;
  const index =
    options.level ?? bestLevel(metadata, Math.min(rect.width / outWidth, rect.height / outHeight));
  const level = metadata.levels[index];
  if (level === undefined) throw new RangeError(`${metadata.name} has no level ${index}.`);
  // Per axis: level sizes are rounded, so the two ratios differ slightly.
  const scaleX = level.width / metadata.width;
  const scaleY = level.height / metadata.height;
  const across = axisWeights(rect.x * scaleX, (rect.width * scaleX) / outWidth, outWidth, level.width);
  const down = axisWeights(rect.y * scaleY, (rect.height * scaleY) / outHeight, outHeight, level.height);
  const sums = imageSums(across, down, outWidth, outHeight);
  const tiles = tilesTouched(level, extent(across), extent(down));
  const cache = options.cache ?? sharedCache;
  let ended = false;
  try {
    await forEachConcurrently(tiles, concurrentTiles, async ({ column, row }) => {
      if (signal?.aborted) throw abortReason(signal);
      const image = await cache.tile(slide, index, column, row, decoder, signal, times);
      // Another tile of this region may have failed meanwhile.
      if (ended) return;
      const start = performance.now();
      addTile(sums, image, level, column, row, background);
      if (times !== undefined) times.preprocessMs += performance.now() - start;
    });
    if (signal?.aborted) throw abortReason(signal);
    const start = performance.now();
    const data = sums.pixels(background);
    if (times !== undefined) times.preprocessMs += performance.now() - start;
    return { width: outWidth, height: outHeight, data };
  } finally {
    ended = true;
    sums.release();
  }
}

/** Adds a tile of `level`; null if the slide has no such tile. */
function addTile(
  sums: ImageSums,
  image: RgbaImage | null,
  level: SlideLevel,
  column: number,
  row: number,
  background: readonly [number, number, number],
): void {
  const left = column * level.tileWidth;
  const top = row * level.tileHeight;
  const width = Math.min(level.tileWidth, level.width - left);
  const height = Math.min(level.tileHeight, level.height - top);
  if (image === null) {
    sums.add(null, 0, left, top, width, height, background);
    return;
  }
  // A tile may be smaller than its cell; the rest is background.
  const held = Math.min(width, image.width);
  const filled = Math.min(height, image.height);
  sums.add(image.data, image.width, left, top, held, filled, background);
  if (held < width) sums.add(null, 0, left + held, top, width - held, filled, background);
  if (filled < height) sums.add(null, 0, left, top + filled, width, height - filled, background);
}

/**
 * The smallest level with at least one pixel per output pixel. `scale` is in level-0 pixels per output pixel.
 */
export function bestLevel(metadata: SlideMetadata, scale: number): number {
  // Rounded level sizes turn a downsample of 4 into 4.0006, which is no reason to read 16 times as much.
  const tolerance = 1.005;
  let best = 0;
  for (const [index, level] of metadata.levels.entries()) {
    if (level.downsample <= scale * tolerance) best = index;
  }
  return best;
}

function checkSizes(rect: Level0Rect, outWidth: number, outHeight: number): void {
  const whole = Number.isInteger(outWidth) && Number.isInteger(outHeight) && outWidth > 0 && outHeight > 0;
  if (!whole || outWidth * outHeight > maxOutputPixels) {
    throw new RangeError(`A region cannot be read as ${outWidth} by ${outHeight} pixels.`);
  }
  const finite = [rect.x, rect.y, rect.width, rect.height].every(Number.isFinite);
  if (!finite || !(rect.width > 0 && rect.height > 0)) {
    throw new RangeError(`A region of ${rect.width} by ${rect.height} pixels cannot be read.`);
  }
}

/** The source pixels used by any output, as first and end (exclusive); null for none. */
function extent(axis: ReturnType<typeof axisWeights>): readonly [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (let o = 0; o < axis.start.length; o++) {
    if (axis.count[o] === 0) continue;
    low = Math.min(low, axis.start[o]!);
    high = Math.max(high, axis.start[o]! + axis.count[o]!);
  }
  return low < high ? [low, high] : null;
}

function tilesTouched(
  level: SlideLevel,
  x: readonly [number, number] | null,
  y: readonly [number, number] | null,
): { column: number; row: number }[] {
  const tiles: { column: number; row: number }[] = [];
  if (x === null || y === null) return tiles;
  for (let row = Math.floor(y[0] / level.tileHeight); row * level.tileHeight < y[1]; row++) {
    for (let column = Math.floor(x[0] / level.tileWidth); column * level.tileWidth < x[1]; column++) {
      tiles.push({ column, row });
    }
  }
  return tiles;
}

/** Runs `task` for every item, a few at a time; the first failure stops the rest. */
async function forEachConcurrently<T>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next++]!;
      try {
        await task(item);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
