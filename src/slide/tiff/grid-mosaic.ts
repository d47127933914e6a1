/** Several pyramids of one scale on one canvas: the areas of a glass that were scanned. */
import { maxTiles, type ByteBudget } from '../limits.ts';
import { Mosaic, type MosaicPiece } from '../mosaic.ts';
import { payloadPixels } from '../payload-pixels.ts';
import type { ByteSource, RgbaImage, SlideError, SlidePlatform } from '../slide.ts';
import type { TileGrid } from './tiff-slide.ts';

/** The file that the areas are in. */
export interface MosaicOwner {
  readonly source: Pick<ByteSource, 'name'>;
  readonly budget: ByteBudget;
  corrupt(problem: string): SlideError;
}

/** A pyramid and the place of its top left on the canvas, in level-0 pixels. */
export interface PlacedGrid {
  readonly levels: readonly TileGrid[];
  readonly x: number;
  readonly y: number;
}

/** Levels that every pyramid has, put together. Places on smaller levels are rounded to whole pixels. */
export function gridMosaic(placed: readonly PlacedGrid[], file: MosaicOwner): TileGrid[] {
  return mosaicLayout(placed, file)(placed.map(({ levels }) => levels));
}

/**
 * The places of pyramids on a canvas, for several pictures of them.
 * @returns the levels of the canvas from pyramids of the same sizes as those of `placed`, in the same order.
 */
export function mosaicLayout(
  placed: readonly PlacedGrid[],
  file: MosaicOwner,
): (pyramids: readonly (readonly TileGrid[])[]) => TileGrid[] {
  const count = Math.min(...placed.map(({ levels }) => levels.length));
  const width = Math.max(...placed.map(({ levels, x }) => x + levels[0]!.width));
  const height = Math.max(...placed.map(({ levels, y }) => y + levels[0]!.height));
  const layouts = Array.from({ length: count }, (_, level) => {
    const scale = Math.max(...placed.map(({ levels }) => levels[level]!.downsample ?? ratio(levels, level)));
    return layoutOf(placed, level, level === 0 ? 1 : scale, { width, height }, file);
  });
  return (pyramids) =>
    layouts.map(({ mosaic, scale, tiles }, level) =>
      mosaicGrid(mosaic, scale, async (source, platform, signal) => {
        const [area, column, row] = tiles[source]!;
        const payload = await pyramids[area]![level]!.tile(column, row, platform, signal);
        return payloadPixels(payload, platform, file.source.name, `tile ${column}, ${row}`, signal);
      }),
    );
}

const ratio = (levels: readonly TileGrid[], level: number): number => levels[0]!.width / levels[level]!.width;

/** Where the tiles of a level are. */
interface LevelLayout {
  readonly mosaic: Mosaic;
  readonly scale: number;
  /** By the numbers that the mosaic's pieces have as sources. */
  readonly tiles: readonly (readonly [area: number, column: number, row: number])[];
}

function layoutOf(
  placed: readonly PlacedGrid[],
  level: number,
  scale: number,
  size: { readonly width: number; readonly height: number },
  file: MosaicOwner,
): LevelLayout {
  const { tileWidth, tileHeight } = placed[0]!.levels[level]!;
  const pieces: MosaicPiece[] = [];
  const tiles: (readonly [area: number, column: number, row: number])[] = [];
  for (const [area, { levels, x, y }] of placed.entries()) {
    const grid = levels[level]!;
    if (tiles.length + grid.columns * grid.rows > maxTiles)
      throw file.corrupt('Its areas claim too many tiles.');
    file.budget.spend(grid.columns * grid.rows * pieceBytes, 'places of tiles');
    for (let row = 0; row < grid.rows; row++) {
      for (let column = 0; column < grid.columns; column++) {
        pieces.push({
          x: Math.round(x / scale) + column * grid.tileWidth,
          y: Math.round(y / scale) + row * grid.tileHeight,
          width: Math.min(grid.tileWidth, grid.width - column * grid.tileWidth),
          height: Math.min(grid.tileHeight, grid.height - row * grid.tileHeight),
          source: tiles.length,
        });
        tiles.push([area, column, row]);
      }
    }
  }
  const mosaic = new Mosaic(
    { width: Math.ceil(size.width / scale), height: Math.ceil(size.height / scale), tileWidth, tileHeight },
    pieces,
  );
  return { mosaic, scale, tiles };
}

/** Memory of a piece and its place among the tiles, about. */
export const pieceBytes = 200;

/** A mosaic as a level. @param downsample level-0 pixels per pixel, where it is not the ratio of the sizes. */
export function mosaicGrid(
  mosaic: Mosaic,
  downsample: number | undefined,
  image: (source: number, platform: SlidePlatform, signal?: AbortSignal) => Promise<RgbaImage | null>,
): TileGrid {
  const { width, height, tileWidth, tileHeight, columns, rows } = mosaic;
  return {
    ...{ width, height, tileWidth, tileHeight, columns, rows },
    ...(downsample === undefined ? {} : { downsample }),
    async tile(column, row, platform, signal) {
      const tile = await mosaic.tile(column, row, (source) => image(source, platform, signal));
      return tile === null ? { kind: 'missing' } : { kind: 'pixels', image: tile };
    },
  };
}
