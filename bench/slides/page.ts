/**
 * Measures tiles per second of one slide in this browser: our reader as bitmaps (what the viewer draws) and as pixels
 * (what the engine reads), and other readers. Each reads the same level-0 tiles from memory.
 */
import { browserPlatform, tileBitmap } from '../../src/slide/browser-platform.ts';
import { fileByteSource } from '../../src/slide/byte-source.ts';
import { openSlide } from '../../src/slide/open-slide.ts';
import { readRegion } from '../../src/slide/region.ts';
import { TileCache } from '../../src/slide/tile-cache.ts';
import { geotiffReader, tileSourceReader, type ReadTile } from './peers.ts';

export interface Rates {
  readonly compression: string | null;
  readonly tiles: number;
  /** The first tile that was read; the others follow row by row. */
  readonly firstTile: readonly [column: number, row: number];
  readonly tileSize: readonly [width: number, height: number];
  readonly columns: number;
  /** Tiles per second; null where a reader can't read the slide. */
  readonly ours: number;
  readonly oursPixels: number;
  readonly geotiff: number | null;
  readonly geotiffPool: number | null;
  readonly tileSource: number | null;
  /** Colour of the middle pixel from our reader and from geotiff.js, to check that they agree. */
  readonly middle: readonly number[];
  readonly middleGeotiff: readonly number[] | null;
  /** Why a reader has no result. */
  readonly refusals: readonly string[];
}

/** Concurrent requests, as many as a viewer makes. */
const CONCURRENT = 8;

/** A reader that returns no tile within this time counts as unable to read the slide; some report no error. */
const FIRST_TILE_MS = 90_000;

const refusedBy = (ms: number): Promise<never> =>
  new Promise((_, reject) => setTimeout(() => reject(new Error('No tile came.')), ms));

async function rate(tiles: readonly [number, number][], read: ReadTile): Promise<number> {
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      while (next < tiles.length) {
        const [column, row] = tiles[next++]!;
        await read(column, row);
      }
    }),
  );
  return (tiles.length / (performance.now() - started)) * 1000;
}

/** A file of a slide: its address, and its place in the folder that a user would choose. */
export interface SlideFile {
  readonly url: string;
  readonly path: string;
}

async function measure(files: readonly SlideFile[], most: number): Promise<Rates> {
  const sources = [];
  let bytes = new ArrayBuffer(0);
  for (const { url, path } of files) {
    bytes = await (await fetch(url)).arrayBuffer();
    const name = path.split('/').at(-1)!;
    sources.push(fileByteSource(new File([bytes], name), name, path));
  }
  const platform = browserPlatform();
  const slide = await openSlide(sources, platform);
  const level = slide.metadata.levels[0]!;
  const tiles: [number, number][] = [];
  for (let row = 0; row * level.tileHeight < level.height; row++) {
    for (let column = 0; column * level.tileWidth < level.width; column++) tiles.push([column, row]);
  }
  const columns = Math.ceil(level.width / level.tileWidth);
  // In the middle is tissue.
  tiles.splice(0, Math.floor(Math.max(0, tiles.length - most) / 2 / columns) * columns);
  tiles.splice(most);
  const refusals: string[] = [];

  /** Reads a few tiles first, as a page that has been open for a moment would have. */
  const warmed = async (read: ReadTile): Promise<number> => {
    await rate(tiles.slice(0, 16), read);
    return rate(tiles, read);
  };
  const peer = async (name: string, reader: () => Promise<ReadTile>): Promise<number | null> => {
    try {
      const read = await reader();
      await Promise.race([read(0, 0), refusedBy(FIRST_TILE_MS)]);
      return await warmed(read);
    } catch (error) {
      refusals.push(`${name}: ${String(error)}`);
      return null;
    }
  };

  const ours = await warmed(async (column, row) => {
    (await tileBitmap(await slide.tile(0, column, row)))?.close();
  });
  const cache = new TileCache(0);
  const oursPixels = await warmed(async (column, row) => {
    await cache.tile(slide, 0, column, row, platform.decoder);
  });
  const isTiff = ['aperio-svs', 'tiff'].includes(slide.metadata.format);
  const unlessOther = (name: string, reader: () => Promise<ReadTile>): Promise<number | null> =>
    isTiff ? peer(name, reader) : Promise.resolve(null);
  const geotiff = await unlessOther(
    'geotiff.js',
    async () => (await geotiffReader(bytes, level, false)).read,
  );
  const geotiffPool = await unlessOther(
    'geotiff.js with its pool',
    async () => (await geotiffReader(bytes, level, true)).read,
  );
  const tileSource = await unlessOther('geotiff-tilesource', () => tileSourceReader(bytes, level.width));

  const x = Math.floor(level.width / 2);
  const y = Math.floor(level.height / 2);
  const middle = await readRegion(slide, { x, y, width: 1, height: 1 }, 1, 1, { decoder: platform.decoder });
  const middleGeotiff =
    geotiff === null ? null : await (await geotiffReader(bytes, level, false)).colour(x, y);
  return {
    compression: slide.metadata.compression,
    tiles: tiles.length,
    firstTile: tiles[0]!,
    tileSize: [level.tileWidth, level.tileHeight],
    columns,
    ours,
    oursPixels,
    geotiff,
    geotiffPool,
    tileSource,
    middle: [...middle.data.slice(0, 3)],
    middleGeotiff,
    refusals,
  };
}

Object.assign(window, { measure });
