/** Class maps at a lower resolution, and counts of their classes. Pure. */

/**
 * Halves the resolution: the most frequent value of each 2 × 2 pixels, the first one on ties.
 * @param size even.
 */
export function halveClasses(classes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const half = size / 2;
  const result = new Uint8Array(half * half);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const at = 2 * y * size + 2 * x;
      const a = classes[at] ?? 0;
      const b = classes[at + 1] ?? 0;
      const c = classes[at + size] ?? 0;
      const d = classes[at + size + 1] ?? 0;
      // a wins unless another value has two pixels and a has one.
      result[y * half + x] = a === b || a === c || a === d ? a : b === c || b === d ? b : c === d ? c : a;
    }
  }
  return result;
}

/** Halves the resolution: the mean of each 2 × 2 pixels. @param size even */
export function halveConfidence(confidence: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const half = size / 2;
  const result = new Uint8Array(half * half);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const at = 2 * y * size + 2 * x;
      const sum =
        (confidence[at] ?? 0) +
        (confidence[at + 1] ?? 0) +
        (confidence[at + size] ?? 0) +
        (confidence[at + size + 1] ?? 0);
      result[y * half + x] = Math.round(sum / 4);
    }
  }
  return result;
}

/** Pixels per class value, counting only pixels on the slide. */
export function countClasses(
  classes: Uint8Array,
  size: number,
  visibleColumns: number,
  visibleRows: number,
): Float64Array {
  const counts = new Float64Array(256);
  const columns = Math.min(size, visibleColumns);
  const rows = Math.min(size, visibleRows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const value = classes[y * size + x] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
    }
  }
  return counts;
}
