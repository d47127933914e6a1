/** A level as its format reads it. */
import type { SlidePlatform, TilePayload } from './slide.ts';

/** A grid of tiles: an image of a file, or a view of one that creates tiles where the file has none (NDPI). */
export interface TileGrid {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  /** Level-0 pixels per pixel, where it is not the ratio of the sizes. */
  readonly downsample?: number;
  tile(column: number, row: number, platform: SlidePlatform, signal?: AbortSignal): Promise<TilePayload>;
  /** Whether the file holds any of its tiles, where that can be asked without reading them. */
  hasTiles?(): Promise<boolean>;
}
