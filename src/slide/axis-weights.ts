/** Weights of resampling along one axis, and what a tile takes part in: for `Accumulator` and `SimdAccumulator`. */

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
