/**
 * The memory of the convolution loops: maps are copied in with their margins, and out without their padding
 * channels; kernels are rearranged into the order in which the loops read them, eight outputs side by side.
 */
import { tileRows } from './loop-source.ts';

export type MapShape = readonly [n: number, h: number, w: number, c: number];

/** A map in the kernels' memory, with margins of zeros. */
export interface Placed {
  /** Offset of its first number, in bytes. */
  readonly at: number;
  /** Rows and columns including the margins. */
  readonly rows: number;
  readonly columns: number;
  /** Channels in memory, rounded up. */
  readonly channels: number;
}

interface Margins {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export const floatBytes = 4;
const pageBytes = 65536;

export class LoopMemory {
  /** The whole memory, as float32 and as int32; `take` may replace these views. */
  numbers: Float32Array;
  integers: Int32Array;
  /** Next free byte; every convolution starts again at 0. */
  free = 0;
  readonly #memory: WebAssembly.Memory;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.numbers = new Float32Array(memory.buffer);
    this.integers = new Int32Array(memory.buffer);
  }

  /** [count, rows, columns] in memory → [count, ≤rows, ≤columns] without the padding. */
  tight(
    at: number,
    count: number,
    rows: number,
    columns: number,
    keptRows: number,
    keptColumns: number,
  ): Float32Array {
    const start = at / floatBytes;
    if (rows === keptRows && columns === keptColumns) {
      return this.numbers.subarray(start, start + count * rows * columns);
    }
    const out = new Float32Array(count * keptRows * keptColumns);
    for (let block = 0; block < count; block++) {
      for (let row = 0; row < keptRows; row++) {
        const from = start + (block * rows + row) * columns;
        out.set(this.numbers.subarray(from, from + keptColumns), (block * keptRows + row) * keptColumns);
      }
    }
    return out;
  }

  /** Copies a map into the memory, with zeros around it and in its padding channels. */
  place(
    values: Float32Array,
    [n, h, w, c]: MapShape,
    { top, left, bottom, right }: Margins,
    channels: number,
  ): Placed {
    const [rows, columns] = [h + top + bottom, w + left + right];
    // Tiles of four pixels may extend past the last row; those results are discarded.
    const size = n * rows * columns * channels;
    const at = this.take((size + 2 * tileRows * (columns + tileRows) * channels) * floatBytes);
    const start = at / floatBytes;
    if (rows === h && columns === w && channels === c) {
      this.numbers.set(values, start);
      return { at, rows, columns, channels };
    }
    this.numbers.fill(0, start, start + size);
    const step = channels === c ? w : 1; // pixels copied together
    for (let row = 0; row < n * h; row++) {
      const line = start + ((Math.floor(row / h) * rows + top + (row % h)) * columns + left) * channels;
      for (let column = 0; column < w; column += step) {
        const from = (row * w + column) * c;
        this.numbers.set(values.subarray(from, from + step * c), line + column * channels);
      }
    }
    return { at, rows, columns, channels };
  }

  /** Reserves bytes; the memory grows if necessary. @returns their offset, a multiple of 16 */
  take(bytes: number): number {
    const at = this.free;
    this.free = upTo(at + bytes, 16);
    const missing = this.free - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / pageBytes));
      this.numbers = new Float32Array(this.#memory.buffer);
      this.integers = new Int32Array(this.#memory.buffer);
    }
    return at;
  }
}

export function upTo(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/**
 * `rows` rows of eight numbers, each `step` after the previous one.
 * @param kept how many numbers of a row exist; the others are zero
 */
export function packRows(
  from: Float32Array,
  at: number,
  step: number,
  rows: number,
  kept: number,
  out: Float32Array,
  to: number,
): void {
  if (kept < 8) {
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < 8; i++) out[to + row * 8 + i] = i < kept ? from[at + row * step + i]! : 0;
    }
    return;
  }
  for (let row = 0; row < rows; row++, at += step, to += 8) {
    out[to] = from[at]!;
    out[to + 1] = from[at + 1]!;
    out[to + 2] = from[at + 2]!;
    out[to + 3] = from[at + 3]!;
    out[to + 4] = from[at + 4]!;
    out[to + 5] = from[at + 5]!;
    out[to + 6] = from[at + 6]!;
    out[to + 7] = from[at + 7]!;
  }
}

/**
 * Eight rows of `length` numbers, one after the other, as `length` rows of eight.
 * @param kept how many rows exist; the others are zero
 */
export function packColumns(
  from: Float32Array,
  at: number,
  length: number,
  kept: number,
  out: Float32Array,
  to: number,
): void {
  if (kept < 8) {
    for (let row = 0; row < length; row++) {
      for (let i = 0; i < 8; i++) out[to + row * 8 + i] = i < kept ? from[at + i * length + row]! : 0;
    }
    return;
  }
  for (let row = 0; row < length; row++, at++, to += 8) {
    out[to] = from[at]!;
    out[to + 1] = from[at + length]!;
    out[to + 2] = from[at + 2 * length]!;
    out[to + 3] = from[at + 3 * length]!;
    out[to + 4] = from[at + 4 * length]!;
    out[to + 5] = from[at + 5 * length]!;
    out[to + 6] = from[at + 6 * length]!;
    out[to + 7] = from[at + 7 * length]!;
  }
}
