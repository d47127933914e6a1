/** One-bit damages of the compressed tiles of a slide, and what becomes of each. */
import { memoryByteSource } from '../byte-source.ts';
import { openSlide } from '../open-slide.ts';
import { SlideError, type RgbaImage, type Slide, type SlidePlatform } from '../slide.ts';

/** A tile of level 0 and where its bytes are in the file. */
export interface StoredTile {
  readonly column: number;
  readonly row: number;
  readonly offset: number;
  readonly length: number;
}

/** How the damages ended. */
export interface DamageCounts {
  /** The tile is broken. */
  caught: number;
  /** Every pixel is as before. */
  harmless: number;
  /** Other pixels, without a word. */
  silent: number;
}

/** Flips one bit of a tile at a time. @param random from 0 to below 1. */
export async function damageTiles(
  bytes: Uint8Array,
  tiles: readonly StoredTile[],
  flips: number,
  random: () => number,
  platform: SlidePlatform,
): Promise<DamageCounts> {
  const counts: DamageCounts = { caught: 0, harmless: 0, silent: 0 };
  const whole = await open(bytes, platform);
  const wanted = new Map<StoredTile, RgbaImage>();
  for (let i = 0; i < flips; i++) {
    const tile = tiles[Math.floor(random() * tiles.length)]!;
    const before = wanted.get(tile) ?? (await pixelsOf(whole, tile, platform));
    wanted.set(tile, before);
    const damaged = bytes.slice();
    const at = tile.offset + Math.floor(random() * tile.length);
    damaged[at] = damaged[at]! ^ (1 << Math.floor(random() * 8));
    counts[await outcome(damaged, tile, before, platform)]++;
  }
  return counts;
}

const open = (bytes: Uint8Array, platform: SlidePlatform): Promise<Slide> =>
  openSlide([memoryByteSource(bytes, 'damaged')], platform);

async function outcome(
  bytes: Uint8Array,
  tile: StoredTile,
  before: RgbaImage,
  platform: SlidePlatform,
): Promise<keyof DamageCounts> {
  const slide = await open(bytes, platform);
  try {
    const { data } = await pixelsOf(slide, tile, platform);
    const same = data.length === before.data.length && data.every((value, i) => value === before.data[i]);
    return same ? 'harmless' : 'silent';
  } catch (error) {
    // The decoder's own errors become broken tiles where tiles are decoded (`TileCache`).
    if (!(error instanceof Error) || (error instanceof SlideError && error.code !== 'broken-tile'))
      throw error;
    return 'caught';
  } finally {
    slide.close();
  }
}

async function pixelsOf(
  slide: Slide,
  { column, row }: StoredTile,
  { decoder }: SlidePlatform,
): Promise<RgbaImage> {
  const payload = await slide.tile(0, column, row);
  if (payload.kind === 'pixels') return payload.image;
  if (payload.kind === 'encoded') return decoder.decode(payload.bytes, payload.type);
  throw new Error('The tile is missing.');
}
