/**
 * Resamples one axis with sparse weights: each output pixel is a weighted sum of a run of source pixels.
 * Reducing averages areas exactly (a box filter with fractional ends); enlarging is bilinear. The sum is
 * linear, so an image can be resampled tile by tile, in any order.
 */

/** Weights of one axis. Output pixel `o` uses source pixels `start[o] … start[o] + count[o] - 1`. */
export interface AxisWeights {
  readonly start: Int32Array;
  readonly count: Int32Array;
  /** Index of an output pixel's first weight in `weights`. */
  readonly first: Int32Array;
  readonly weights: Float32Array;
  /** Sum of an output pixel's weights: the share of it that the source covers, 0 to 1. */
  readonly cover: Float32Array;
}

/**
 * @param from position of the first output's edge in source pixels; may be outside the source.
 * @param step source pixels per output pixel; above 1 reduces.
 * @param outputs number of output pixels.
 * @param size number of source pixels: 0 … size - 1.
 */
export function axisWeights(from: number, step: number, outputs: number, size: number): AxisWeights {
  const start = new Int32Array(outputs);
  const count = new Int32Array(outputs);
  const first = new Int32Array(outputs);
  const cover = new Float32Array(outputs);
  const most = step >= 1 ? Math.ceil(step) + 2 : 2;
  const weights = new Float32Array(outputs * most);
  let filled = 0;
  for (let o = 0; o < outputs; o++) {
    first[o] = filled;
    if (step >= 1) {
      const low = Math.max(0, from + o * step);
      const high = Math.min(size, from + (o + 1) * step);
      let s = Math.floor(low + epsilon);
      start[o] = s;
      while (s < high - epsilon) {
        weights[filled++] = (Math.min(high, s + 1) - Math.max(low, s)) / step;
        s++;
      }
    } else {
      const centre = from + (o + 0.5) * step;
      if (centre >= 0 && centre < size) {
        const position = Math.min(size - 1, Math.max(0, centre - 0.5));
        const s = Math.floor(position);
        const fraction = position - s;
        start[o] = s;
        weights[filled++] = 1 - fraction;
        if (fraction > 0) weights[filled++] = fraction;
      }
    }
    count[o] = filled - first[o]!;
    let sum = 0;
    for (let i = first[o]!; i < filled; i++) sum += weights[i]!;
    cover[o] = sum;
  }
  return { start, count, first, weights, cover };
}

/** Positions closer than this are equal; keeps 3.9999999 from touching pixel 3. */
const epsilon = 1e-6;

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

/**
 * Prepares the columns that a tile from `left` to `right` (exclusive) takes part in: all lines of the tile have the same
 * weights. Every column gets the same number of taps, some with a weight of zero, so that no line has to decide.
 * @returns that number. `planned` has byte offsets of first taps within a line, in ascending order, and weights.
 */
export function planColumns(
  { start, count, first, weights }: AxisWeights,
  firstColumn: number,
  endColumn: number,
  left: number,
  right: number,
): number {
  let taps = 0;
  for (let o = firstColumn; o < endColumn; o++) {
    taps = Math.max(taps, Math.min(start[o]! + count[o]!, right) - Math.max(start[o]!, left));
  }
  const columns = endColumn - firstColumn;
  if (planned.offsets.length < columns) planned.offsets = new Int32Array(columns);
  if (planned.weights.length < columns * taps) planned.weights = new Float64Array(columns * taps);
  planned.weights.fill(0, 0, columns * taps);
  for (let o = firstColumn, at = 0; o < endColumn; o++, at += taps) {
    const low = Math.max(start[o]!, left);
    const high = Math.min(start[o]! + count[o]!, right);
    // Within the tile, whose end is nearer than `taps` for its last columns.
    const from = Math.min(low, right - taps);
    planned.offsets[o - firstColumn] = (from - left) * 4;
    for (let s = low; s < high; s++) planned.weights[at + s - from] = weights[first[o]! + s - start[o]!]!;
  }
  return taps;
}

/** What `planColumns` has prepared, until its next call. */
export const planned = { offsets: new Int32Array(0), weights: new Float64Array(0) };

/** A line of a tile of one colour, resampled horizontally: three colours a column. */
export function flatLine(
  lines: Float32Array,
  at: number,
  { start, count, first, weights }: AxisWeights,
  [firstColumn, endColumn]: readonly [number, number],
  left: number,
  right: number,
  flat: readonly [number, number, number],
): void {
  for (let o = firstColumn; o < endColumn; o++) {
    const begin = start[o]!;
    let sum = 0;
    for (let s = Math.max(begin, left); s < Math.min(begin + count[o]!, right); s++) {
      sum += weights[first[o]! + s - begin]!;
    }
    for (const channel of flat) lines[at++] = sum * channel;
  }
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

/** Output pixels that use any source pixel of `low` … `high - 1`, as first and end (exclusive). */
export function touched(axis: AxisWeights, low: number, high: number): [number, number] | null {
  const { start, count } = axis;
  let first = -1;
  let end = -1;
  for (let o = 0; o < start.length; o++) {
    if (count[o]! > 0 && start[o]! < high && start[o]! + count[o]! > low) {
      if (first < 0) first = o;
      end = o + 1;
    }
  }
  return first < 0 ? null : [first, end];
}
