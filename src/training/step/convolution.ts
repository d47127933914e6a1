/**
 * Convolutions and their gradients in plain ONNX operators. Maps are NCHW, kernels [out, k, k, in] (so that a kernel's
 * matrix [out, k·k·in] is the kernel itself), padding is symmetric, (k − 1) / 2.
 *
 * Each of the three products is written in the way that is fastest for its size on a processor. ONNX Runtime multiplies per
 * image, which suits large maps; small ones are gathered into one matrix product over the whole batch.
 */
import { sizeOf, type TensorGraph, type Value } from './tensor-graph.ts';

/** Maps with fewer pixels than this are multiplied as one matrix for the whole batch. */
const pixelsOfSmallMaps = 200;

/**
 * @param x [n, c, h, w]
 * @param kernel [o, k, k, c]
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
  const [o = 1, k = 1] = kernel.shape;
  const shape = [n, o, strided(h, stride), strided(w, stride)];
  if (isSmall(shape)) {
    const product = graph.matMul(asMatrix(graph, kernel), columns(graph, x, k, stride)); // [o, n·h'·w']
    const biased = bias === null ? product : graph.add(product, graph.reshape(bias, [o, 1]));
    return fromRows(graph, biased, shape);
  }
  return graph.node('Conv', [x, planar(graph, kernel), bias], shape, attributes(k, stride));
}

/**
 * @param x [n, c, h, w], the convolution's input
 * @param dy [n, o, h', w'], the gradient of its result
 * @param k side of the kernel
 * @returns [o, k, k, c]
 */
export function kernelGradient(graph: TensorGraph, x: Value, dy: Value, k: number, stride: number): Value {
  const [, c = 1] = x.shape;
  const [, o = 1] = dy.shape;
  const rows = toRows(graph, dy); // [o, n·h'·w']
  if (isSmall(dy.shape) || c * k * k < 200) {
    const gradient = graph.gemm(rows, columns(graph, x, k, stride), { transB: true });
    return graph.reshape(gradient, [o, k, k, c]);
  }
  const taps = shifts(graph, x, k, stride).map((shifted) => {
    const tap = graph.reshape(shifted, [c, sizeOf(shifted.shape) / c]);
    return graph.reshape(graph.gemm(rows, tap, { transB: true }), [o, 1, c]);
  });
  return graph.reshape(graph.concat(taps, 1), [o, k, k, c]);
}

/**
 * @param dy [n, o, h', w'], the gradient of the convolution's result
 * @param kernel [o, k, k, c]
 * @param shape of the convolution's input, [n, c, h, w]
 */
export function inputGradient(
  graph: TensorGraph,
  dy: Value,
  kernel: Value,
  shape: readonly number[],
  stride: number,
): Value {
  const [o = 1, k = 1, , c = 1] = kernel.shape;
  if (stride === 1) {
    // A convolution of dy with the kernel turned by 180°, inputs and outputs exchanged.
    if (isSmall(shape)) {
      const turned = graph.reshape(graph.transpose(graph.reshape(kernel, [o, k * k, c]), [1, 0, 2]), [k * k * o, c]);
      const product = graph.gemm(turned, columns(graph, dy, k, 1, 'reversed'), { transA: true }); // [c, n·h·w]
      return fromRows(graph, product, shape);
    }
    return graph.node('Conv', [dy, turnedPlanar(graph, kernel), null], shape, attributes(k, 1));
  }
  const missing = [2, 3].map((axis) => (shape[axis] ?? 1) - ((dy.shape[axis] ?? 1) - 1) * stride - 1);
  return graph.node('ConvTranspose', [dy, planar(graph, kernel)], shape, {
    ...attributes(k, stride),
    output_padding: { ints: missing },
  });
}

/** Sum over everything but channels. @param dy [n, o, h, w] @returns [o] */
export function biasGradient(graph: TensorGraph, dy: Value): Value {
  return graph.reduceSum(dy, [0, 2, 3]);
}

function isSmall([, , h = 1, w = 1]: readonly number[]): boolean {
  return h * w < pixelsOfSmallMaps;
}

function strided(side: number, stride: number): number {
  return Math.floor((side - 1) / stride) + 1;
}

function attributes(k: number, stride: number): Record<string, { ints: number[] }> {
  const pad = (k - 1) / 2;
  return {
    kernel_shape: { ints: [k, k] },
    strides: { ints: [stride, stride] },
    pads: { ints: [pad, pad, pad, pad] },
  };
}

/** [o, k, k, c] → [o, k·k·c] */
function asMatrix(graph: TensorGraph, kernel: Value): Value {
  const [o = 1] = kernel.shape;
  return graph.reshape(kernel, [o, sizeOf(kernel.shape) / o]);
}

/** [o, k, k, c] → [o, c, k, k], the order that ONNX's convolutions read */
function planar(graph: TensorGraph, kernel: Value): Value {
  const [o = 1, k = 1, , c = 1] = kernel.shape;
  return k === 1 ? graph.reshape(kernel, [o, c, 1, 1]) : graph.transpose(kernel, [0, 3, 1, 2]);
}

/** [o, k, k, c] → [c, o, k, k], turned by 180° */
function turnedPlanar(graph: TensorGraph, kernel: Value): Value {
  const [o = 1, k = 1, , c = 1] = kernel.shape;
  const taps = graph.reshape(kernel, [o, k * k, c]);
  const reversed = Array.from({ length: k * k }, (_, i) => k * k - 1 - i);
  const turned =
    k === 1 ? taps : graph.node('Gather', [taps, graph.int64s(reversed)], taps.shape, { axis: { int: 1 } });
  return graph.reshape(graph.transpose(turned, [2, 0, 1]), [c, o, k, k]);
}

/** [n, c, h, w] → [c, n·h·w] */
function toRows(graph: TensorGraph, x: Value): Value {
  const [, c = 1] = x.shape;
  return graph.reshape(graph.transpose(x, [1, 0, 2, 3]), [c, sizeOf(x.shape) / c]);
}

/** [c, n·h·w] → [n, c, h, w] */
function fromRows(graph: TensorGraph, rows: Value, [n = 1, c = 1, h = 1, w = 1]: readonly number[]): Value {
  return graph.transpose(graph.reshape(rows, [c, n, h, w]), [1, 0, 2, 3]);
}

/** The map as each of the kernel's k · k taps sees it, row by row: [c, n, h', w'] each. */
function shifts(graph: TensorGraph, x: Value, k: number, stride: number): Value[] {
  const [, , h = 1, w = 1] = x.shape;
  const padded = graph.padPlane(graph.transpose(x, [1, 0, 2, 3]), (k - 1) / 2);
  const [rows, lines] = [strided(h, stride), strided(w, stride)];
  return Array.from({ length: k * k }, (_, tap) =>
    k === 1 && stride === 1
      ? padded
      : graph.slice(padded, [
          { axis: 2, from: Math.floor(tap / k), count: rows, step: stride },
          { axis: 3, from: tap % k, count: lines, step: stride },
        ]),
  );
}

/** The matrix whose product with the kernel's is the convolution: [k·k·c, n·h'·w']. */
function columns(
  graph: TensorGraph,
  x: Value,
  k: number,
  stride: number,
  order: 'forward' | 'reversed' = 'forward',
): Value {
  const taps = shifts(graph, x, k, stride);
  if (order === 'reversed') taps.reverse();
  const stacked = graph.concat(taps, 0); // [k·k·c, n, h', w']
  const [rows = 1] = stacked.shape;
  return graph.reshape(stacked, [rows, sizeOf(stacked.shape) / rows]);
}
