/** Copies a rectangle of bytes from one image to another, for instance part of a slice. */

/** Rows of an image in memory: offset of the first row and stride between rows, bytes. */
export interface Rows {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly stride: number;
}

/** @param width bytes per row to copy. */
export function copyBlock(from: Rows, to: Rows, width: number, rows: number): void {
  // Copies four bytes at a time if everything is aligned to four, as with all usual sizes.
  const steps = [from.first, from.stride, to.first, to.stride, width];
  const aligned = [...steps, from.bytes.byteOffset, to.bytes.byteOffset].every((step) => step % 4 === 0);
  if (aligned) {
    const [fromFirst = 0, fromStride = 0, toFirst = 0, toStride = 0, words = 0] = steps.map(
      (step) => step / 4,
    );
    copyRows(wordsOf(from.bytes), fromFirst, fromStride, wordsOf(to.bytes), toFirst, toStride, words, rows);
  } else {
    copyRows(from.bytes, from.first, from.stride, to.bytes, to.first, to.stride, width, rows);
  }
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, Math.floor(length / 4));
}

/** For short rows, a loop is faster than `subarray` and `set`. */
function copyRows<T extends Uint8Array | Int32Array>(
  from: T,
  fromFirst: number,
  fromStride: number,
  to: T,
  toFirst: number,
  toStride: number,
  width: number,
  rows: number,
): void {
  for (let y = 0; y < rows; y++) {
    let source = fromFirst + y * fromStride;
    let target = toFirst + y * toStride;
    for (const end = target + width; target < end; target++, source++) to[target] = from[source]!;
  }
}
