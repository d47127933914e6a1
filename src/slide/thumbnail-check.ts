/** Whether a file's thumbnail shows the slide: files are cut, joined and relabelled, and keep the old one. */
import type { RgbaImage, SlideLevel } from './slide.ts';

/** A tile and its mean colour. */
export interface TileMean {
  readonly column: number;
  readonly row: number;
  readonly mean: Rgb;
}

type Rgb = readonly [red: number, green: number, blue: number];

/** Sides may differ by this share in shape. */
const shapeTolerance = 0.02;
/** Most difference of a tile from the thumbnail, per channel; edges of tissue differ by more in a small thumbnail. */
const mostDifference = 28;
/** Share of the tiles with tissue, here or there, that must agree. Glass looks the same on every slide. */
const leastAgreement = 0.65;
/** Fewer tiles prove nothing. */
const leastTiles = 8;

export class ThumbnailCheck {
  readonly #image: RgbaImage;
  readonly #level: SlideLevel;

  constructor(image: RgbaImage, level: SlideLevel) {
    this.#image = image;
    this.#level = level;
  }

  /** Whether the thumbnail has the slide's shape, and its tissue where tiles have been read. */
  shows(means: readonly TileMean[]): boolean {
    const { width, height } = this.#level;
    const shape = (this.#image.width * height) / (this.#image.height * width);
    if (Math.abs(shape - 1) > shapeTolerance) return false;
    const pairs = means.map(({ column, row, mean }) => ({ here: mean, there: this.#tile(column, row) }));
    const glass = brightest(pairs.map(({ here }) => here));
    const telling = pairs.filter(
      ({ here, there }) => differ(here, glass) > mostDifference || differ(there, glass) > mostDifference,
    );
    const agreeing = telling.filter(({ here, there }) => differ(here, there) <= mostDifference);
    return telling.length >= leastTiles && agreeing.length >= leastAgreement * telling.length;
  }

  /** The mean over a tile's place; one pixel where tiles are smaller than that. */
  #tile(column: number, row: number): Rgb {
    const { width, height, tileWidth, tileHeight } = this.#level;
    const { data } = this.#image;
    const across = this.#image.width / width;
    const down = this.#image.height / height;
    const x0 = Math.min(this.#image.width - 1, Math.floor(column * tileWidth * across));
    const y0 = Math.min(this.#image.height - 1, Math.floor(row * tileHeight * down));
    const x1 = Math.min(this.#image.width, Math.max(x0 + 1, Math.round((column + 1) * tileWidth * across)));
    const y1 = Math.min(this.#image.height, Math.max(y0 + 1, Math.round((row + 1) * tileHeight * down)));
    const sums = [0, 0, 0];
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        for (let c = 0; c < 3; c++) sums[c]! += data[(y * this.#image.width + x) * 4 + c]!;
      }
    }
    const count = (x1 - x0) * (y1 - y0);
    return [sums[0]! / count, sums[1]! / count, sums[2]! / count];
  }
}

/** The largest difference of a channel. */
const differ = (one: Rgb, other: Rgb): number =>
  Math.max(...one.map((value, channel) => Math.abs(value - other[channel]!)));

const brightest = (colours: readonly Rgb[]): Rgb =>
  colours.reduce<Rgb>((best, one) => (sum(one) > sum(best) ? one : best), [0, 0, 0]);

const sum = ([red, green, blue]: Rgb): number => red + green + blue;
