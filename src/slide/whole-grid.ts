/** A grid of tiles as one picture beside the slide. */
import type { AssociatedSource, TileGrid } from './grid-slide.ts';
import { payloadPixels } from './payload-pixels.ts';
import { blank, paste } from './rgba.ts';

/** @param grid no larger than a picture may be (`maxAssociatedPixels`). @param file the slide's name, for messages. */
export function wholeGrid(name: string, grid: TileGrid, file: string): AssociatedSource {
  const { width, height, tileWidth, tileHeight, columns, rows } = grid;
  return {
    ...{ name, width, height },
    async whole(platform, signal) {
      const image = blank(width, height);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const payload = await grid.tile(column, row, platform, signal);
          const tile = await payloadPixels(payload, platform, file, name, signal);
          if (tile !== null) paste(tile, image, column * tileWidth, row * tileHeight);
        }
      }
      return { kind: 'pixels', image };
    },
  };
}
