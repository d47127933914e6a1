/** Colour deconvolution: how much of each stain a pixel holds, as numbers and as pictures. */
import { densityTable, checkWhite, pureWhite, type WhiteLevel } from './optical-density.ts';
import {
  unitVector,
  unmixMatrix,
  type StainSet,
  type StainVector,
  type UnmixMatrix,
} from './stain-vectors.ts';

/** What a slide's colours are separated by. */
export interface StainSeparation {
  readonly stains: StainSet;
  readonly white: WhiteLevel;
}

/** A stain of a separation, or the residual. */
export type StainIndex = 0 | 1 | 2;

/** Pixels in RGBA. */
export type RgbaBytes = Uint8ClampedArray | Uint8Array;

/** Separates pixels by prepared tables, which cost a moment per separation and not per picture. */
export class Deconvolution {
  readonly #matrix: UnmixMatrix;
  readonly #red: Float64Array;
  readonly #green: Float64Array;
  readonly #blue: Float64Array;

  /** @param third instead of the residual. @throws StainError */
  constructor({ stains, white }: StainSeparation, third?: StainVector) {
    this.#matrix = unmixMatrix(stains.first, stains.second, third);
    const [red, green, blue] = checkWhite(white);
    this.#red = densityTable(red);
    this.#green = densityTable(green);
    this.#blue = densityTable(blue);
  }

  /**
   * Amounts of one stain, optical density along its unit vector, one per pixel; below 0 where a colour lies outside of what
   * the stains can mix.
   */
  amounts(rgba: RgbaBytes, stain: StainIndex): Float32Array<ArrayBuffer> {
    const [r, g, b] = this.#matrix[stain];
    const amounts = new Float32Array(rgba.length >> 2);
    for (let pixel = 0, at = 0; pixel < amounts.length; pixel++, at += 4) {
      amounts[pixel] =
        r * this.#red[rgba[at]!]! + g * this.#green[rgba[at + 1]!]! + b * this.#blue[rgba[at + 2]!]!;
    }
    return amounts;
  }
}

/** How a picture shows one stain. */
export interface StainPaint {
  /** `grey`: black at full scale, white without stain; `colour`: as a section with this stain alone. */
  readonly look: 'grey' | 'colour';
  /** Optical density shown in black; grey only. */
  readonly fullScale: number;
}

/** Optical density that grey pictures show in black unless told otherwise; strong DAB has about 1. */
export const defaultFullScale = 1.5;

/** Steps of the table of shades. */
const shades = 1024;
/** Largest optical density that a picture tells apart; 8-bit pixels have at most 4.2 along any vector. */
const mostShown = 4.5;

/** Paints pictures of one stain. */
export class StainPainter {
  readonly #deconvolution: Deconvolution;
  readonly #stain: StainIndex;
  /** RGB by amount, in equal steps from 0 to `mostShown`. */
  readonly #table: Uint8Array;

  /** @throws StainError */
  constructor(separation: StainSeparation, stain: StainIndex, { look, fullScale }: StainPaint) {
    this.#deconvolution = new Deconvolution(separation);
    this.#stain = stain;
    const { first, second } = separation.stains;
    const vectors = [first, second] as const;
    // The residual has no colour of its own: its vector has negative parts.
    const vector = stain === 2 || look === 'grey' ? null : unitVector(vectors[stain]);
    this.#table = new Uint8Array(3 * shades);
    for (let shade = 0; shade < shades; shade++) {
      const amount = (shade * mostShown) / (shades - 1);
      for (let channel = 0; channel < 3; channel++) {
        const value =
          vector === null
            ? 255 * (1 - Math.min(1, amount / fullScale))
            : pureWhite[channel]! * 10 ** (-amount * vector[channel]!);
        this.#table[3 * shade + channel] = Math.round(value);
      }
    }
  }

  /** A picture of the same size; opaque. */
  paint(rgba: RgbaBytes): Uint8ClampedArray<ArrayBuffer> {
    const amounts = this.#deconvolution.amounts(rgba, this.#stain);
    const painted = new Uint8ClampedArray(4 * amounts.length).fill(255);
    const perAmount = (shades - 1) / mostShown;
    for (let pixel = 0; pixel < amounts.length; pixel++) {
      const shade = Math.min(shades - 1, Math.max(0, Math.round(amounts[pixel]! * perAmount)));
      painted[4 * pixel] = this.#table[3 * shade]!;
      painted[4 * pixel + 1] = this.#table[3 * shade + 1]!;
      painted[4 * pixel + 2] = this.#table[3 * shade + 2]!;
    }
    return painted;
  }
}
