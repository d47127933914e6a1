/**
 * A level made of pictures that lie anywhere on it: frames off the grid, overlapping camera tiles, several scanned areas. It
 * has a grid of its own, whose tiles are put together from the pictures that they touch.
 */
import { blank, pastePart, type Rgb } from './rgba.ts';
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

/** Numbers of a piece in `#pieces`: those of `MosaicPiece`, in its order. */
const stride = 7;

export class Mosaic {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly #background: Rgb | undefined;
  /** Flat, since a slide may have a million of them. */
  readonly #pieces: number[] = [];
  /** The last piece that a tile touches, by `row * columns + column`, as a number of `#touches`. */
  readonly #last = new Map<number, number>();
  /** Pairs: a piece, and the touch of the same tile before it, or -1. */
  readonly #touches: number[] = [];

  /**
   * @param pieces where they overlap, earlier ones are on top; parts beyond the level are ignored.
   * @param background the colour where no picture is; white by default.
   */
  constructor(
    size: {
      readonly width: number;
      readonly height: number;
      readonly tileWidth: number;
      readonly tileHeight: number;
    },
    pieces: Iterable<MosaicPiece>,
    background?: Rgb,
  ) {
    this.width = size.width;
    this.height = size.height;
    this.tileWidth = size.tileWidth;
    this.tileHeight = size.tileHeight;
    this.columns = Math.ceil(size.width / size.tileWidth);
    this.rows = Math.ceil(size.height / size.tileHeight);
    this.#background = background;
    for (const piece of pieces) this.#add(piece);
  }

  #add({ x, y, width, height, fromX = 0, fromY = 0, source }: MosaicPiece): void {
    const index = this.#pieces.length / stride;
    this.#pieces.push(x, y, width, height, fromX, fromY, source);
    const columns = Math.min(this.columns, Math.ceil((x + width) / this.tileWidth));
    const rows = Math.min(this.rows, Math.ceil((y + height) / this.tileHeight));
    for (let row = Math.max(0, Math.floor(y / this.tileHeight)); row < rows; row++) {
      for (let column = Math.max(0, Math.floor(x / this.tileWidth)); column < columns; column++) {
        const key = row * this.columns + column;
        this.#touches.push(index, this.#last.get(key) ?? -1);
        this.#last.set(key, this.#touches.length / 2 - 1);
      }
    }
  }

  /** What a tile is put together from, the lowest first. */
  parts(column: number, row: number): MosaicPart[] {
    const found: MosaicPart[] = [];
    const pieces = this.#pieces;
    let touch = this.#last.get(row * this.columns + column) ?? -1;
    while (touch >= 0) {
      const at = this.#touches[2 * touch]! * stride;
      found.push({
        source: pieces[at + 6]!,
        from: { x: pieces[at + 4]!, y: pieces[at + 5]!, width: pieces[at + 2]!, height: pieces[at + 3]! },
        x: pieces[at]! - column * this.tileWidth,
        y: pieces[at + 1]! - row * this.tileHeight,
      });
      touch = this.#touches[2 * touch + 1]!;
    }
    return found;
  }

  #isTile({ x, y, from }: MosaicPart, image: RgbaImage): boolean {
    const isWhole = ({ width, height }: { readonly width: number; readonly height: number }): boolean =>
      width === this.tileWidth && height === this.tileHeight;
    return x === 0 && y === 0 && from.x === 0 && from.y === 0 && isWhole(from) && isWhole(image);
  }

  /**
   * A tile; null where no picture touches it. The background's colour where none covers it. Where one picture is the whole
   * tile, that picture itself: a copy would take as long as unpacking it.
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
    const [top] = parts.slice(-1);
    const whole = top === undefined ? null : images.get(top.source);
    if (top !== undefined && whole != null && this.#isTile(top, whole)) return whole;
    let tile: RgbaImage | null = null;
    for (const { source, from, x, y } of parts) {
      const part = images.get(source);
      if (part == null) continue;
      tile ??= blank(this.tileWidth, this.tileHeight, this.#background);
      pastePart(part, from, tile, x, y);
    }
    return tile;
  }
}
