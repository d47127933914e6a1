/** One colour of a grid of pictures as a channel: some scanners keep channels as the red, green or blue of a picture. */
import { payloadPixels } from '../payload-pixels.ts';
import type { TileGrid } from '../tile-grid.ts';
import type { GreyGrid } from './grey-channel.ts';

/** Red, green or blue. */
export type Band = 0 | 1 | 2;

/** @param file the slide's name, for messages. */
export function bandGrid(grid: TileGrid, band: Band, file: string): GreyGrid {
  const { width, height, tileWidth, tileHeight, columns, rows } = grid;
  return {
    ...{ width, height, tileWidth, tileHeight, columns, rows, bits: 8 },
    async values(column, row, platform, signal) {
      const payload = await grid.tile(column, row, platform, signal);
      const image = await payloadPixels(payload, platform, file, `tile ${column}, ${row}`, signal);
      if (image === null) return null;
      const values = new Uint8Array(tileWidth * tileHeight);
      // Tiles at the edge may be cut to what is visible.
      const across = Math.min(tileWidth, image.width);
      for (let y = 0; y < Math.min(tileHeight, image.height); y++) {
        for (let x = 0, at = 4 * y * image.width + band; x < across; x++, at += 4) {
          values[y * tileWidth + x] = image.data[at]!;
        }
      }
      return values;
    },
  };
}
