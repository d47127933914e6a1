/**
 * Convolution kernels are [k, k, in, out] in checkpoints and models, but [out, in, k, k] in a training step, as ONNX's
 * operators want them. Everything else keeps its layout, also the 2 × 2 kernels of up-convolutions.
 */
import type { WeightArray } from '../../runtime/variables.ts';

/** @param shape of a variable in checkpoints */
export function graphShape(shape: readonly number[]): number[] {
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
  return isConvolution(shape) ? [outputs, inputs, height, width] : [...shape];
}

/** @returns a copy in the step's layout */
export function toGraphLayout({ shape, data }: WeightArray): WeightArray {
  if (!isConvolution(shape)) return { shape, data: data.slice() };
  const [taps, channels] = [(shape[0] ?? 1) * (shape[1] ?? 1), (shape[2] ?? 1) * (shape[3] ?? 1)];
  const byTap = flipped(data, taps, channels); // [in·out, k·k]
  return { shape: graphShape(shape), data: swapped(byTap, shape[2] ?? 1, shape[3] ?? 1, taps) };
}

/**
 * @param shape of the variable in checkpoints
 * @returns a copy of `data` in the layout of checkpoints
 */
export function fromGraphLayout(data: Float32Array, shape: readonly number[]): WeightArray {
  if (!isConvolution(shape)) return { shape, data: data.slice() };
  const taps = (shape[0] ?? 1) * (shape[1] ?? 1);
  const byTap = swapped(data, shape[3] ?? 1, shape[2] ?? 1, taps); // [in·out, k·k]
  return { shape, data: flipped(byTap, data.length / taps, taps) };
}

/** Convolutions here have odd sides, up-convolutions 2 × 2 kernels. */
function isConvolution(shape: readonly number[]): boolean {
  return shape.length === 4 && (shape[0] ?? 0) % 2 === 1;
}

/** The transpose of a matrix. */
function flipped(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = matrix[row * columns + column]!;
    }
  }
  return result;
}

/** [a, b, length] → [b, a, length] */
function swapped(values: Float32Array, a: number, b: number, length: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const from = (i * b + j) * length;
      result.set(values.subarray(from, from + length), (j * a + i) * length);
    }
  }
  return result;
}
