/**
 * Convolution kernels are [k, k, in, out] in checkpoints and models, but [out, k, k, in] in a training step, where a
 * kernel's matrix must be the kernel itself. Everything else keeps its layout, also the 2 × 2 kernels of up-convolutions.
 */
import type { WeightArray } from '../../runtime/variables.ts';

/** @param shape of a variable in checkpoints */
export function graphShape(shape: readonly number[]): number[] {
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
  return isConvolution(shape) ? [outputs, height, width, inputs] : [...shape];
}

/** @returns a copy in the step's layout */
export function toGraphLayout({ shape, data }: WeightArray): WeightArray {
  if (!isConvolution(shape)) return { shape, data: data.slice() };
  const outputs = shape[3] ?? 1;
  return { shape: graphShape(shape), data: flipped(data, data.length / outputs, outputs) };
}

/**
 * @param shape of the variable in checkpoints
 * @returns a copy of `data` in the layout of checkpoints
 */
export function fromGraphLayout(data: Float32Array, shape: readonly number[]): WeightArray {
  if (!isConvolution(shape)) return { shape, data: data.slice() };
  const outputs = shape[3] ?? 1;
  return { shape, data: flipped(data, outputs, data.length / outputs) };
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
