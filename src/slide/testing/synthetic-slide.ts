/** A slide of computed pixels, for tests that need to know each one. */
import type { RgbaImage, Slide, SlideLevel, TilePayload } from '../slide.ts';
import { slideLevels } from '../pyramid.ts';

export interface SyntheticOptions {
  readonly width: number;
  readonly height: number;
  readonly tileSize: number;
  /** `tileSize` by default. */
  readonly tileHeight?: number;
  /** Level sizes below level 0; none by default. */
  readonly reduced?: readonly { readonly width: number; readonly height: number }[];
  /** Red, green and blue of a pixel of a level. */
  readonly colour: (x: number, y: number, level: number) => readonly [number, number, number];
  /** Replaces a tile; undefined keeps the computed one. */
  readonly tile?: (level: number, column: number, row: number) => TilePayload | undefined;
}

/** The slide, and the tiles requested from it. */
export function syntheticSlide(options: SyntheticOptions): Slide & { readonly asked: string[] } {
  const { tileSize, tileHeight = tileSize } = options;
  const levels: SlideLevel[] = slideLevels(
    [options, ...(options.reduced ?? [])].map(({ width, height }) => ({
      width,
      height,
      tileWidth: tileSize,
      tileHeight,
    })),
  );
  const asked: string[] = [];
  return {
    asked,
    metadata: {
      name: 'synthetic',
      format: 'synthetic',
      compression: null,
      width: options.width,
      height: options.height,
      levels,
      mpp: null,
      magnification: null,
      associated: [],
      scanner: null,
      icc: null,
      fileSize: 0,
      fingerprint: '',
      revision: '',
      properties: {},
    },
    async tile(level, column, row) {
      asked.push(`${level}/${column}/${row}`);
      const special = options.tile?.(level, column, row);
      if (special !== undefined) return special;
      const data = new Uint8ClampedArray(tileSize * tileHeight * 4);
      for (let y = 0; y < tileHeight; y++) {
        for (let x = 0; x < tileSize; x++) {
          const at = (y * tileSize + x) * 4;
          data.set([...options.colour(column * tileSize + x, row * tileHeight + y, level), 255], at);
        }
      }
      const image: RgbaImage = { width: tileSize, height: tileHeight, data };
      return { kind: 'pixels', image };
    },
    associatedImage: () => Promise.reject(new RangeError('none')),
    iccProfile: () => Promise.resolve(null),
    close: () => undefined,
  };
}
