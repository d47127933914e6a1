/** The levels of an ETS file, each half the size of the one before, as grids of tiles. */
import type { GreyChannel, GreyGrid } from '../channels/grey-channel.ts';
import { greyMosaic } from '../grey-mosaic.ts';
import type { TileGrid } from '../grid-slide.ts';
import { maxTiles } from '../limits.ts';
import { Mosaic } from '../mosaic.ts';
import { payloadPixels } from '../payload-pixels.ts';
import type { LevelScale } from '../pyramid.ts';
import type { TilePayload } from '../slide.ts';
import type { EtsFile, EtsTile } from './ets-file.ts';
import { backgroundTile, colourTile, greyTile } from './ets-tiles.ts';

/** One level of one plane. */
interface EtsLevel extends LevelScale {
  /** Of the stored grid, on which the image may begin within a tile. */
  readonly columns: number;
  readonly rows: number;
  /** Where the image begins on it, in whole pixels of the level. */
  readonly left: number;
  readonly top: number;
  readonly tile: (column: number, row: number) => EtsTile | undefined;
}

/**
 * @param size of the image at full size.
 * @param isShown which places in the other dimensions are the plane.
 */
function levelsOf(
  file: EtsFile,
  size: { readonly width: number; readonly height: number },
  isShown: (others: readonly number[]) => boolean,
): EtsLevel[] {
  const byLevel = new Map<number, Map<number, EtsTile>>();
  const key = (column: number, row: number): number => row * maxTiles + column;
  for (const tile of file.tiles) {
    if (!isShown(tile.others) || tile.column >= maxTiles || tile.row >= maxTiles) continue;
    let tiles = byLevel.get(tile.level);
    if (tiles === undefined) byLevel.set(tile.level, (tiles = new Map<number, EtsTile>()));
    tiles.set(key(tile.column, tile.row), tile);
  }
  const levels: EtsLevel[] = [];
  for (let level = 0; ; level++) {
    const tiles = byLevel.get(level);
    if (tiles === undefined) return levels;
    const scale = 2 ** level;
    const stored = { width: (file.left + size.width) / scale, height: (file.top + size.height) / scale };
    const last = { column: 0, row: 0 };
    for (const { column, row } of tiles.values()) {
      last.column = Math.max(last.column, column);
      last.row = Math.max(last.row, row);
    }
    // An odd side is rounded up, or down where its last pixel would need another tile.
    const whole = (side: number, tile: number, end: number): number =>
      Math.ceil(side) > (end + 1) * tile ? Math.floor(side) : Math.ceil(side);
    const left = Math.round(file.left / scale);
    const top = Math.round(file.top / scale);
    const width = whole(stored.width, file.tileWidth, last.column) - left;
    const height = whole(stored.height, file.tileHeight, last.row) - top;
    if (!(width >= 1 && height >= 1)) return levels;
    levels.push({
      ...{ width, height, downsample: scale, left, top },
      columns: Math.ceil((width + left) / file.tileWidth),
      rows: Math.ceil((height + top) / file.tileHeight),
      tile: (column, row) => tiles.get(key(column, row)),
    });
  }
}

/** The levels of colours of a plane. */
export function colourLevels(...[file, size, isShown]: Parameters<typeof levelsOf>): TileGrid[] {
  const { tileWidth, tileHeight } = file;
  return levelsOf(file, size, isShown).map(
    ({ width, height, downsample, columns, rows, left, top, tile }): TileGrid => {
      const stored: TileGrid['tile'] = (column, row, platform, signal) => {
        const found = tile(column, row);
        if (found !== undefined) return colourTile(file, found, platform, signal);
        const image = backgroundTile(file);
        return Promise.resolve<TilePayload>(image === null ? { kind: 'missing' } : { kind: 'pixels', image });
      };
      const shape = { width, height, downsample, tileWidth, tileHeight };
      if (left === 0 && top === 0) return { ...shape, columns, rows, tile: stored };
      const mosaic = cutMosaic(file, { width, height, columns, rows, left, top });
      return {
        ...{ ...shape, columns: mosaic.columns, rows: mosaic.rows },
        async tile(column, row, platform, signal) {
          const image = await mosaic.tile(column, row, async (source) => {
            const [x, y] = [source % columns, Math.floor(source / columns)];
            const payload = await stored(x, y, platform, signal);
            return payloadPixels(payload, platform, file.source.name, `tile ${x}, ${y}`, signal);
          });
          return image === null ? { kind: 'missing' } : { kind: 'pixels', image };
        },
      };
    },
  );
}

/** The stored grid from where the image begins on it. */
function cutMosaic(
  { tileWidth, tileHeight }: EtsFile,
  { width, height, columns, rows, left, top }: Omit<EtsLevel, 'tile' | 'downsample'>,
): Mosaic {
  return new Mosaic(
    { width, height, tileWidth, tileHeight },
    Array.from({ length: columns * rows }, (_, source) => ({
      x: (source % columns) * tileWidth - left,
      y: Math.floor(source / columns) * tileHeight - top,
      width: tileWidth,
      height: tileHeight,
      source,
    })),
  );
}

/** The levels of a grey channel, with its values. */
export function greyLevels(...[file, size, isShown]: Parameters<typeof levelsOf>): GreyChannel['levels'] {
  const { tileWidth, tileHeight, bits } = file;
  return levelsOf(file, size, isShown).map((level) => {
    const { width, height, downsample, columns, rows, left, top, tile } = level;
    const stored: GreyGrid['values'] = async (column, row, platform, signal) => {
      const found = tile(column, row);
      return found === undefined ? null : greyTile(file, found, platform, signal);
    };
    const image: GreyGrid =
      left === 0 && top === 0
        ? { width, height, tileWidth, tileHeight, columns, rows, bits, values: stored }
        : greyMosaic(cutMosaic(file, level), bits, async (source, platform, signal) => {
            const data = await stored(source % columns, Math.floor(source / columns), platform, signal);
            return data === null ? null : { width: tileWidth, height: tileHeight, data };
          });
    return { image, scale: { width, height, downsample } };
  });
}
