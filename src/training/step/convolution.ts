/**
 * Convolutions and the gradients of their inputs and biases in plain ONNX operators; kernel-gradient.ts has those of kernels.
 * Maps are NCHW, kernels [out, in, k, k], padding is symmetric, (k − 1) / 2.
 *
 * Each of the products is written in the way that is fastest for its size on a processor. ONNX Runtime multiplies image
 * by image, which suits large maps; for small ones of many channels, a matrix product over the whole batch is up to three times
 * as fast
 * (docs/decisions/0034-training-step-in-onnx.md).
 */
import { columns, isMatrixProduct, merged, strided, windowAttributes } from './columns.ts';
import type { Value } from './onnx-graph.ts';
import { sizeOf } from './shapes.ts';
import type { TensorGraph } from './tensor-graph.ts';

/**
 * @param x [n, c, h, w]
 * @param kernel [o, c, k, k]
 * @param bias [o]
 * @returns [n, o, ceil(h / stride), ceil(w / stride)]
 */
export function convolve(
  graph: TensorGraph,
  x: Value,
  kernel: Value,
  bias: Value | null,
  stride: number,
): Value {
  const [n = 1, , h = 1, w = 1] = x.shape;
  const [o = 1, , k = 1] = kernel.shape;
  const shape = [n, o, strided(h, stride), strided(w, stride)];
  if (isMatrixProduct(graph, kernel.shape, shape)) {
    const product = graph.gemm(asMatrix(graph, kernel), merged(graph, columns(graph, x, k, stride))); // [o, n·h'·w']
    const biased = bias === null ? product : graph.add(product, graph.reshape(bias, [o, 1]));
    return fromRows(graph, biased, shape);
  }
  return graph.node('Conv', [x, kernel, bias], shape, windowAttributes(k, stride));
}

/**
 * @param dy [n, o, h', w'], the gradient of the convolution's result
 * @param kernel [o, c, k, k]
 * @param shape of the convolution's input, [n, c, h, w]
 */
export function inputGradient(
  graph: TensorGraph,
  dy: Value,
  kernel: Value,
  shape: readonly number[],
  stride: number,
): Value {
  const [o = 1, c = 1, k = 1] = kernel.shape;
  if (stride > 1) {
    const missing = [2, 3].map((axis) => (shape[axis] ?? 1) - ((dy.shape[axis] ?? 1) - 1) * stride - 1);
    return graph.node('ConvTranspose', [dy, kernel], shape, {
      ...windowAttributes(k, stride),
      output_padding: { ints: missing },
    });
  }
  // A convolution of dy with the kernel turned by 180°, inputs and outputs exchanged.
  const exchanged = graph.transpose(kernel, [1, 0, 2, 3]); // [c, o, k, k]
  if (isMatrixProduct(graph, kernel.shape, shape)) {
    const seen = merged(graph, columns(graph, dy, k, 1, 'turned')); // [o·k·k, n·h·w]
    return fromRows(graph, graph.gemm(asMatrix(graph, exchanged), seen), shape);
  }
  const turned =
    k === 1
      ? exchanged
      : graph.reshape(graph.matMul(graph.reshape(exchanged, [c * o, k * k]), reversal(graph, k * k)), [
          c,
          o,
          k,
          k,
        ]);
  return graph.node('Conv', [dy, turned, null], shape, windowAttributes(k, 1));
}

/** Sum over everything but channels. @param dy [n, o, h, w] @returns [o] */
export function biasGradient(graph: TensorGraph, dy: Value): Value {
  return graph.reduceSum(dy, [0, 2, 3]);
}

/** [o, c, k, k] → [o, c·k·k] */
function asMatrix(graph: TensorGraph, kernel: Value): Value {
  const [o = 1] = kernel.shape;
  return graph.reshape(kernel, [o, sizeOf(kernel.shape) / o]);
}

/** [c, n·h·w] → [n, c, h, w] */
function fromRows(graph: TensorGraph, rows: Value, [n = 1, c = 1, h = 1, w = 1]: readonly number[]): Value {
  return graph.transpose(graph.reshape(rows, [c, n, h, w]), [1, 0, 2, 3]);
}

/** The matrix that reverses the order of `count` columns. */
function reversal(graph: TensorGraph, count: number): Value {
  return graph.shared(`reversal ${String(count)}`, () => {
    const ones = new Float32Array(count * count);
    for (let row = 0; row < count; row++) ones[row * count + count - 1 - row] = 1;
    return graph.constant(ones, [count, count]);
  });
}
