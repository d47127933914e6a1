/** What a format gives of a slide with separate channels: grids of grey values. */
import type { LevelScale } from '../pyramid.ts';
import type { SlidePlatform } from '../slide.ts';
import type { ChannelColour, ValueWindow } from './channel-view.ts';

/** Values of one channel: 8 or 16 bits, not negative. */
export type GreyValues = Uint8Array | Uint16Array;

/** One channel at one level. */
export interface GreyGrid {
  readonly width: number;
  readonly height: number;
  /** In pixels of this level. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly bits: 8 | 16;
  /**
   * Values of a tile, `tileWidth × tileHeight`, row by row; null where the file omits it.
   * @throws SlideError `broken-tile`.
   */
  values(
    column: number,
    row: number,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<GreyValues | null>;
}

export interface GreyLevel {
  readonly image: GreyGrid;
  readonly scale: LevelScale;
}

/** A channel of a file. */
export interface GreyChannel {
  /** Empty where the file gives none. */
  readonly name: string;
  /** null where the file gives none. White for every channel counts as none. */
  readonly colour: ChannelColour | null;
  /** From the largest down, at least one. */
  readonly levels: readonly GreyLevel[];
  /** The values shown as black and as full intensity, where the file gives them; else they are measured. */
  readonly window?: ValueWindow | null;
  /** Whether the file has it switched on; the first channels are where it does not say. */
  readonly on?: boolean;
  /** Whether it is a picture of greys rather than of one stain: white where the file gives no colour. */
  readonly grey?: boolean;
  /** Whether it is known to be fluorescence: red, green and blue stains are no picture of colours. */
  readonly stain?: boolean;
}
