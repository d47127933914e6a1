/** Values of a channel whose pictures lie anywhere on a level; see `Mosaic`. */
import type { GreyGrid } from './channels/grey-channel.ts';
import type { Mosaic } from './mosaic.ts';
import type { SlidePlatform } from './slide.ts';

/** A picture of single values, row by row. */
interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint16Array | Uint8ClampedArray;
}

/** @param picture one by its number in the mosaic; null where it is missing. Values that no picture covers are 0. */
export function greyMosaic(
  mosaic: Mosaic,
  bits: 8 | 16,
  picture: (source: number, platform: SlidePlatform, signal?: AbortSignal) => Promise<GreyPicture | null>,
): GreyGrid {
  const { width, height, tileWidth, tileHeight, columns, rows } = mosaic;
  return {
    ...{ width, height, tileWidth, tileHeight, columns, rows, bits },
    async values(column, row, platform, signal) {
      const parts = mosaic.parts(column, row);
      const pictures = await Promise.all(parts.map(({ source }) => picture(source, platform, signal)));
      if (pictures.every((one) => one === null)) return null;
      const size = tileWidth * tileHeight;
      const values = bits === 8 ? new Uint8Array(size) : new Uint16Array(size);
      for (const [i, { x, y }] of parts.entries()) {
        const part = pictures[i];
        if (part == null) continue;
        const left = Math.max(0, -x);
        const right = Math.min(part.width, tileWidth - x);
        if (right <= left) continue;
        for (let line = Math.max(0, -y); line < Math.min(part.height, tileHeight - y); line++) {
          const from = line * part.width;
          values.set(part.data.subarray(from + left, from + right), (y + line) * tileWidth + x + left);
        }
      }
      return values;
    },
  };
}
