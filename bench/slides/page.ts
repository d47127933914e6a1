/**
 * Tiles per second of one slide in this browser: ours as bitmaps (what the viewer draws), ours as pixels
 * (what the engine reads), and geotiff.js, each over all tiles of level 0 from bytes in memory.
 */
import { fromArrayBuffer, Pool } from 'geotiff';
import { browserPlatform, tileBitmap } from '../../src/slide/browser-platform.ts';
import { fileByteSource } from '../../src/slide/byte-source.ts';
import { openSlide } from '../../src/slide/open-slide.ts';
import { readRegion } from '../../src/slide/region.ts';
import { TileCache } from '../../src/slide/tile-cache.ts';

interface Rates {
  readonly tiles: number;
  readonly ours: number;
  readonly oursPixels: number;
  readonly geotiff: number | null;
  readonly geotiffPool: number | null;
  /** Colour of the middle pixel by ours and by geotiff.js: whether both read the same. */
  readonly middle: readonly number[];
  readonly middleGeotiff: readonly number[] | null;
}

const CONCURRENT = 8;

async function all(
  tiles: readonly [number, number][],
  task: (column: number, row: number) => Promise<void>,
): Promise<number> {
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      while (next < tiles.length) {
        const [column, row] = tiles[next++]!;
        await task(column, row);
      }
    }),
  );
  return (tiles.length / (performance.now() - started)) * 1000;
}

async function measure(url: string, most: number): Promise<Rates> {
  const bytes = await (await fetch(url)).arrayBuffer();
  const platform = browserPlatform();
  const slide = await openSlide([fileByteSource(new File([bytes], 'slide'))], platform);
  const level = slide.metadata.levels[0]!;
  const tiles: [number, number][] = [];
  for (let row = 0; row * level.tileHeight < level.height; row++) {
    for (let column = 0; column * level.tileWidth < level.width; column++) tiles.push([column, row]);
  }
  tiles.splice(most);
  const bitmap = async (column: number, row: number): Promise<void> => {
    (await tileBitmap(await slide.tile(0, column, row)))?.close();
  };
  const cache = new TileCache(0);
  const pixels = async (column: number, row: number): Promise<void> => {
    await cache.tile(slide, 0, column, row, platform.decoder);
  };
  await all(tiles.slice(0, 16), bitmap);
  const ours = await all(tiles, bitmap);
  const oursPixels = await all(tiles, pixels);
  const x = Math.floor(level.width / 2);
  const y = Math.floor(level.height / 2);
  const middle = await readRegion(slide, { x, y, width: 1, height: 1 }, 1, 1, { decoder: platform.decoder });

  let geotiff: number | null = null;
  let geotiffPool: number | null = null;
  let middleGeotiff: readonly number[] | null = null;
  try {
    const image = await (await fromArrayBuffer(bytes)).getImage(0);
    const raster =
      (pool: Pool | null) =>
      async (column: number, row: number): Promise<void> => {
        const window = [
          column * level.tileWidth,
          row * level.tileHeight,
          Math.min(level.width, (column + 1) * level.tileWidth),
          Math.min(level.height, (row + 1) * level.tileHeight),
        ];
        await image.readRasters({ window, interleave: true, ...(pool ? { pool } : {}) });
      };
    await all(tiles.slice(0, 4), raster(null));
    geotiff = await all(tiles, raster(null));
    const pool = new Pool();
    await all(tiles.slice(0, 4), raster(pool));
    geotiffPool = await all(tiles, raster(pool));
    const one = await image.readRGB({ window: [x, y, x + 1, y + 1], interleave: true });
    middleGeotiff = Array.from(one as unknown as ArrayLike<number>).slice(0, 3);
  } catch (error) {
    document.body.append(`geotiff.js: ${String(error)}`);
  }
  return {
    tiles: tiles.length,
    ours,
    oursPixels,
    geotiff,
    geotiffPool,
    middle: [...middle.data.slice(0, 3)],
    middleGeotiff,
  };
}

Object.assign(window, { measure });
