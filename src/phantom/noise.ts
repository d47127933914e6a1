import { Random } from './random.ts';

const size = 256;
const mask = size - 1;
/** A row of the table ends with its first value again, and the last row is the first, so that no neighbour is masked. */
const stride = size + 1;

/**
 * Value noise on a repeating 256×256 table: uniform values in [0, 1] at integer points, smooth in between.
 * With a table, a sample takes a few nanoseconds; warped coordinates hide the period (256 × wavelength).
 */
export class ValueNoise {
  readonly #table = new Float32Array(stride * stride);

  constructor(seed: number) {
    const random = new Random(seed);
    const table = this.#table;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) table[y * stride + x] = random.next();
      table[y * stride + size] = table[y * stride]!;
    }
    table.copyWithin(size * stride, 0, stride);
  }

  /** Smooth noise in [0, 1] with features about one unit wide. */
  at(x: number, y: number): number {
    const left = Math.floor(x);
    const top = Math.floor(y);
    return this.between((top & mask) * stride + (left & mask), smooth(x - left), smooth(y - top));
  }

  /** Noise between the table's points around `cell`, at the smoothed fractions `fx` and `fy`. */
  between(cell: number, fx: number, fy: number): number {
    const t = this.#table;
    // The table has a cell's four corners, hence never undefined.
    const a = t[cell]!;
    const b = t[cell + 1]!;
    const c = t[cell + stride]!;
    const d = t[cell + stride + 1]!;
    const upper = a + (b - a) * fx;
    return upper + (c + (d - c) * fx - upper) * fy;
  }

  /** The nearest table value, for grain: cheap, without smoothing. */
  grain(x: number, row: number): number {
    return this.#table[row + (Math.floor(x) & mask)]!;
  }

  /** What a position down adds to the index of `grain`. */
  grainRow(y: number): number {
    return (Math.floor(y) & mask) * stride;
  }

  /** Noise in [-1, 1]. */
  signed(x: number, y: number): number {
    return this.at(x, y) * 2 - 1;
  }
}

function smooth(fraction: number): number {
  return fraction * fraction * (3 - 2 * fraction);
}

/** Coordinates of noise that runs along the axes of a slide: by µm across and µm down. */
export interface NoiseAxes {
  readonly across: (um: number) => number;
  readonly down: (um: number) => number;
}

/** One axis of such noise at the centres of a row or column of pixels. */
export interface NoiseLine {
  /** What the position adds to the cell in the table. */
  readonly cells: Int32Array;
  readonly parts: Float64Array;
}

export function noiseLine(length: number): NoiseLine {
  return { cells: new Int32Array(length), parts: new Float64Array(length) };
}

/** Sets item `i` of a line across, or of a line down. */
export function setAcross({ cells, parts }: NoiseLine, i: number, x: number): void {
  const left = Math.floor(x);
  cells[i] = left & mask;
  parts[i] = smooth(x - left);
}

export function setDown({ cells, parts }: NoiseLine, i: number, y: number): void {
  const top = Math.floor(y);
  cells[i] = (top & mask) * stride;
  parts[i] = smooth(y - top);
}
