/**
 * Resamples one axis with sparse weights: each output pixel is a weighted sum of a run of source pixels.
 * Reducing averages areas exactly (a box filter with fractional ends); enlarging is bilinear. The sum is
 * linear, so an image can be resampled tile by tile, in any order.
 */
import { flatLine, planColumns, planned, touched, type AxisWeights } from './axis-weights.ts';

/**
 * Reused memory. A slice briefly needs a megabyte or more; allocating it every time would cost a reading
 * thread as much in garbage collection as in resampling.
 */
const memory = {
  lines: new Float32Array(0),
  made: new Uint8Array(0),
  sums: [] as Float32Array[],
};

/** Sums kept for reuse, in all: those of 20 images of 256 × 256, as many as are read at the same time. */
const keptSums = 4 * 1024 * 1024;

function sumsOf(length: number): Float32Array {
  const at = memory.sums.findIndex((sums) => sums.length === length);
  return at < 0 ? new Float32Array(length) : memory.sums.splice(at, 1)[0]!.fill(0);
}

/** Output sums for three colours, accumulated from source tiles. */
export interface ImageSums {
  /**
   * Adds a tile whose top left is source pixel `left`, `top`. Only its first `width` × `height` pixels count,
   * which are fewer than it has at the image's border. A null tile adds a flat colour.
   */
  add(
    data: Uint8ClampedArray | null,
    stride: number,
    left: number,
    top: number,
    width: number,
    height: number,
    flat: readonly [number, number, number],
  ): void;
  /**
   * The sums as opaque pixels, filled up with background where the source does not cover an output pixel.
   * Call once, at the end.
   */
  pixels(background: readonly [number, number, number]): Uint8ClampedArray<ArrayBuffer>;
}

/** The sums in plain loops: see `SimdAccumulator` for faster ones. */
export class Accumulator implements ImageSums {
  #sums: Float32Array;
  readonly #across: AxisWeights;
  readonly #down: AxisWeights;
  readonly #width: number;
  readonly #height: number;

  constructor(across: AxisWeights, down: AxisWeights, width: number, height: number) {
    this.#across = across;
    this.#down = down;
    this.#width = width;
    this.#height = height;
    this.#sums = sumsOf(width * height * 3);
  }

  add(
    data: Uint8ClampedArray | null,
    stride: number,
    left: number,
    top: number,
    width: number,
    height: number,
    flat: readonly [number, number, number],
  ): void {
    const columns = touched(this.#across, left, left + width);
    const rows = touched(this.#down, top, top + height);
    if (columns === null || rows === null) return;
    const [firstColumn, endColumn] = columns;
    const [firstRow, endRow] = rows;
    const lineLength = (endColumn - firstColumn) * 3;
    // Lines of this tile, resampled horizontally on first use: neighbouring output rows share some.
    if (memory.lines.length < lineLength * height) memory.lines = new Float32Array(lineLength * height);
    if (memory.made.length < height) memory.made = new Uint8Array(height);
    const { lines } = memory;
    const taps = data === null ? 0 : planColumns(this.#across, firstColumn, endColumn, left, left + width);
    const made = memory.made.fill(0, 0, height);
    const { start, count, first, weights } = this.#down;
    for (let o = firstRow; o < endRow; o++) {
      const begin = start[o]!;
      const low = Math.max(begin, top);
      const high = Math.min(begin + count[o]!, top + height);
      for (let s = low; s < high; s++) {
        const y = s - top;
        if (made[y] !== 0) continue;
        made[y] = 1;
        const at = y * lineLength;
        if (data === null) flatLine(lines, at, this.#across, columns, left, left + width, flat);
        else this.#line(lines, at, endColumn - firstColumn, taps, data, y * stride * 4);
      }
      addLines(
        this.#sums,
        (o * this.#width + firstColumn) * 3,
        lines,
        (low - top) * lineLength,
        lineLength,
        weights,
        first[o]! + low - begin,
        high - low,
      );
    }
  }

  /** Resamples one line of a tile horizontally. @param taps of `planColumns`. */
  #line(
    lines: Float32Array,
    at: number,
    columns: number,
    taps: number,
    data: Uint8ClampedArray,
    rowAt: number,
  ): void {
    const { offsets, weights } = planned;
    // Most common: a level is up to twice as fine as the network's pixels.
    if (taps === 3) {
      for (let o = 0, w = 0; o < columns; o++, w += 3, at += 3) {
        const p = rowAt + offsets[o]!;
        const one = weights[w]!;
        const two = weights[w + 1]!;
        const three = weights[w + 2]!;
        lines[at] = one * data[p]! + two * data[p + 4]! + three * data[p + 8]!;
        lines[at + 1] = one * data[p + 1]! + two * data[p + 5]! + three * data[p + 9]!;
        lines[at + 2] = one * data[p + 2]! + two * data[p + 6]! + three * data[p + 10]!;
      }
      return;
    }
    for (let o = 0, w = 0; o < columns; o++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      const first = rowAt + offsets[o]!;
      for (let p = first, end = first + 4 * taps; p < end; p += 4) {
        const weight = weights[w++]!;
        red += weight * data[p]!;
        green += weight * data[p + 1]!;
        blue += weight * data[p + 2]!;
      }
      lines[at++] = red;
      lines[at++] = green;
      lines[at++] = blue;
    }
  }

  pixels(background: readonly [number, number, number]): Uint8ClampedArray<ArrayBuffer> {
    const width = this.#width;
    const height = this.#height;
    const sums = this.#sums;
    const data = new Uint8ClampedArray(width * height * 4);
    const [red, green, blue] = background;
    const { cover } = this.#across;
    let o = 0;
    let i = 0;
    for (let y = 0; y < height; y++) {
      const coverY = this.#down.cover[y]!;
      for (let x = 0; x < width; x++, o += 4, i += 3) {
        const rest = 1 - coverY * cover[x]!;
        data[o] = sums[i]! + rest * red;
        data[o + 1] = sums[i + 1]! + rest * green;
        data[o + 2] = sums[i + 2]! + rest * blue;
        data[o + 3] = 255;
      }
    }
    this.#sums = new Float32Array(0);
    let kept = 0;
    memory.sums = [sums, ...memory.sums].filter(({ length }) => (kept += length) <= keptSums);
    return data;
  }
}

/**
 * Adds weighted lines to a row of sums. Each sum is rounded to single precision after each line, so that the result is the
 * same however many lines are added at a time.
 * @param to of the row in `sums`. @param from of the first line. @param w of its weight.
 */
function addLines(
  sums: Float32Array,
  to: number,
  lines: Float32Array,
  from: number,
  length: number,
  weights: Float32Array,
  w: number,
  count: number,
): void {
  let done = 0;
  for (; done + 3 <= count; done += 3, from += 3 * length) {
    const one = weights[w + done]!;
    const two = weights[w + done + 1]!;
    const three = weights[w + done + 2]!;
    for (let i = from, j = i + length, k = j + length, t = to; i < from + length; i++, j++, k++, t++) {
      const ofTwo = Math.fround(sums[t]! + one * lines[i]!) + two * lines[j]!;
      sums[t] = Math.fround(ofTwo) + three * lines[k]!;
    }
  }
  if (count - done === 2) {
    const one = weights[w + done]!;
    const two = weights[w + done + 1]!;
    for (let i = from, j = i + length, t = to; i < from + length; i++, j++, t++) {
      sums[t] = Math.fround(sums[t]! + one * lines[i]!) + two * lines[j]!;
    }
  } else if (count - done === 1) {
    const one = weights[w + done]!;
    for (let i = from, t = to; i < from + length; i++, t++) sums[t] = sums[t]! + one * lines[i]!;
  }
}
