/** Kernels as ONNX stores them. */

/** Output channels handled together: one cache line of float32 per read. */
const blockOf = 16;

/**
 * A kernel [height, width, a, b] as [b, a, height, width]: from the layout of `Operation` to that of ONNX.
 * A full-size network has tens of millions of such values, so they are moved in blocks that fit the cache.
 */
export function planesLast(values: Float32Array, shape: readonly number[]): Float32Array {
  const [height = 1, width = 1, a = 1, b = 1] = shape;
  const plane = height * width;
  const result = new Float32Array(values.length);
  for (let block = 0; block < b; block += blockOf) {
    const end = Math.min(b, block + blockOf);
    for (let i = 0; i < a; i++) {
      for (let p = 0; p < plane; p++) {
        const from = (p * a + i) * b;
        for (let o = block; o < end; o++) result[(o * a + i) * plane + p] = values[from + o]!;
      }
    }
  }
  return result;
}
