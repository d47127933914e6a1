/** Reads the same tiles with other readers, in the way their users would. */
import { fromArrayBuffer, Pool } from 'geotiff';
// @ts-expect-error The package has no types; `Extended` declares what we use.
import { enableGeoTIFFTileSource as untypedEnable } from 'geotiff-tilesource';
import OpenSeadragon from 'openseadragon';

export interface LevelSize {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/** Reads, decodes and discards a level-0 tile. */
export type ReadTile = (column: number, row: number) => Promise<void>;

/** geotiff.js, on this thread or with its worker pool. @throws when it can't read the file. */
export async function geotiffReader(
  bytes: ArrayBuffer,
  level: LevelSize,
  pooled: boolean,
): Promise<{ read: ReadTile; colour(x: number, y: number): Promise<number[]> }> {
  const image = await (await fromArrayBuffer(bytes)).getImage(0);
  const pool = pooled ? { pool: new Pool() } : {};
  return {
    read: async (column, row) => {
      const window = [
        column * level.tileWidth,
        row * level.tileHeight,
        Math.min(level.width, (column + 1) * level.tileWidth),
        Math.min(level.height, (row + 1) * level.tileHeight),
      ];
      await image.readRasters({ window, interleave: true, ...pool });
    },
    colour: async (x, y) => {
      const one = await image.readRGB({ window: [x, y, x + 1, y + 1], interleave: true });
      return Array.from(one as unknown as ArrayLike<number>).slice(0, 3);
    },
  };
}

const enableGeoTIFFTileSource = untypedEnable as (osd: typeof OpenSeadragon) => void;

interface GeoTiffTileSource {
  readonly width: number;
  readonly maxLevel: number;
  downloadTileStart(job: unknown): void;
}

interface Extended {
  readonly GeoTIFFTileSource: {
    getAllTileSources(input: File, options: object): Promise<readonly Promise<GeoTiffTileSource>[]>;
  };
  readonly converter: {
    convert(tile: unknown, data: unknown, from: string, ...to: string[]): Promise<unknown>;
  };
}

/**
 * geotiff-tilesource as OpenSeadragon calls it: a tile is ready when it can be drawn (a 2D context).
 * @throws when it can't read the file.
 */
export async function tileSourceReader(bytes: ArrayBuffer, width: number): Promise<ReadTile> {
  enableGeoTIFFTileSource(OpenSeadragon);
  const { GeoTIFFTileSource, converter } = OpenSeadragon as unknown as Extended;
  const file = new File([bytes], 'slide.tif');
  const sources = await Promise.all(await GeoTIFFTileSource.getAllTileSources(file, { logLatency: false }));
  const source = sources.find((one) => one.width === width);
  if (source === undefined) throw new Error('geotiff-tilesource found no image.');
  return (x, y) =>
    new Promise((resolve, reject) => {
      const tile = { level: source.maxLevel, x, y };
      source.downloadTileStart({
        src: `${x}_${y}`,
        tile,
        userData: {},
        finish: (data: unknown, _request: unknown, type: string) => {
          converter.convert(tile, data, type, 'context2d').then((drawn) => {
            if (drawn === undefined || drawn === null) reject(new Error('The tile is empty.'));
            else resolve();
          }, reject);
        },
        fail: (message: string) => reject(new Error(message)),
      });
    });
}
