/**
 * A level made of pictures that lie anywhere on it: frames off the grid, overlapping camera tiles, several scanned areas. It
 * has a grid of its own, whose tiles are put together from the pictures that they touch.
 */
import { blank, pastePart } from './rgba.ts';
import type { RgbaImage } from './slide.ts';

/** A picture and its place, in whole pixels of the level. */
export interface MosaicPiece {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Top left of the part of the image that is used. */
  readonly fromX?: number;
  readonly fromY?: number;
  /** The image that `image` is asked for; several pieces may be parts of one. */
  readonly source: number;
}

/** A picture's part in a tile. */
export interface MosaicPart {
  readonly source: number;
  /** The rectangle of the image that is used. */
  readonly from: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Where its top left is in the tile; may be outside. */
  readonly x: number;
  readonly y: number;
}

export class Mosaic {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly #pieces: readonly MosaicPiece[];
  /** Numbers of the pieces that a tile touches, by `row * columns + column`. */
  readonly #touching = new Map<number, number[]>();

  /** @param pieces where they overlap, earlier ones are on top; parts beyond the level are ignored. */
  constructor(
    size: {
      readonly width: number;
      readonly height: number;
      readonly tileWidth: number;
      readonly tileHeight: number;
    },
    pieces: readonly MosaicPiece[],
  ) {
    this.width = size.width;
    this.height = size.height;
    this.tileWidth = size.tileWidth;
    this.tileHeight = size.tileHeight;
    this.columns = Math.ceil(size.width / size.tileWidth);
    this.rows = Math.ceil(size.height / size.tileHeight);
    this.#pieces = pieces;
    for (const [index, { x, y, width, height }] of pieces.entries()) {
      const last = {
        column: Math.min(this.columns, Math.ceil((x + width) / this.tileWidth)),
        row: Math.min(this.rows, Math.ceil((y + height) / this.tileHeight)),
      };
      for (let row = Math.max(0, Math.floor(y / this.tileHeight)); row < last.row; row++) {
        for (let column = Math.max(0, Math.floor(x / this.tileWidth)); column < last.column; column++) {
          const key = row * this.columns + column;
          const list = this.#touching.get(key);
          if (list === undefined) this.#touching.set(key, [index]);
          else list.push(index);
        }
      }
    }
  }

  /** What a tile is put together from, the lowest first. */
  parts(column: number, row: number): MosaicPart[] {
    const touching = this.#touching.get(row * this.columns + column) ?? [];
    return touching.toReversed().map((index) => {
      const { x, y, width, height, fromX = 0, fromY = 0, source } = this.#pieces[index]!;
      return {
        source,
        from: { x: fromX, y: fromY, width, height },
        x: x - column * this.tileWidth,
        y: y - row * this.tileHeight,
      };
    });
  }

  /**
   * A tile; null where no picture touches it. White where none covers it.
   * @param image an image by its number; null where it is missing.
   */
  async tile(
    column: number,
    row: number,
    image: (source: number) => Promise<RgbaImage | null>,
  ): Promise<RgbaImage | null> {
    const parts = this.parts(column, row);
    const sources = [...new Set(parts.map(({ source }) => source))];
    const images = new Map(
      await Promise.all(sources.map(async (source) => [source, await image(source)] as const)),
    );
    const tile = blank(this.tileWidth, this.tileHeight);
    let isEmpty = true;
    for (const { source, from, x, y } of parts) {
      const part = images.get(source);
      if (part == null) continue;
      isEmpty = false;
      pastePart(part, from, tile, x, y);
    }
    return isEmpty ? null : tile;
  }
}
