/**
 * Rearranges kernels into the order in which the loops read them: eight outputs side by side. Unrolled by
 * hand, since it takes a tenth of a step's time.
 */

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
