/**
 * Convolutions and their gradients in plain ONNX operators. Maps are NCHW, kernels [out, in, k, k], padding is symmetric,
 * (k − 1) / 2.
 *
 * Each of the three products is written in the way that is fastest for its size on a processor. ONNX Runtime multiplies image
 * by image, which suits large maps; for small ones, a matrix product over the whole batch is up to three times as fast
 * (docs/decisions/0034-training-step-in-onnx.md).
 */
import type { Value } from './onnx-graph.ts';
import { sizeOf } from './shapes.ts';
import type { TensorGraph } from './tensor-graph.ts';

/** Maps with fewer pixels than this are multiplied as one matrix for the whole batch. */
const pixelsOfSmallMaps = 200;

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
  if (isSmall(graph, shape)) {
    const product = graph.gemm(asMatrix(graph, kernel), merged(graph, columns(graph, x, k, stride))); // [o, n·h'·w']
    const biased = bias === null ? product : graph.add(product, graph.reshape(bias, [o, 1]));
    return fromRows(graph, biased, shape);
  }
  return graph.node('Conv', [x, kernel, bias], shape, attributes(k, stride));
}

/**
 * @param x [n, c, h, w], the convolution's input
 * @param dy [n, o, h', w'], the gradient of its result
 * @param k side of the kernel
 * @returns [o, c, k, k]
 */
export function kernelGradient(graph: TensorGraph, x: Value, dy: Value, k: number, stride: number): Value {
  const [n = 1, c = 1] = x.shape;
  const [, o = 1, height = 1, width = 1] = dy.shape;
  const seen = columns(graph, x, k, stride); // [n, c·k·k, h', w']
  if (isSmall(graph, dy.shape)) {
    const gradient = graph.gemm(merged(graph, dy), merged(graph, seen), { transB: true }); // [o, c·k·k]
    return graph.reshape(gradient, [o, c, k, k]);
  }
  const pixels = height * width;
  const rows = graph.reshape(dy, [n, o, pixels]);
  const flipped = graph.transpose(graph.reshape(seen, [n, c * k * k, pixels]), [0, 2, 1]);
  return graph.reshape(graph.reduceSum(graph.matMul(rows, flipped), [0]), [o, c, k, k]);
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
      ...attributes(k, stride),
      output_padding: { ints: missing },
    });
  }
  // A convolution of dy with the kernel turned by 180°, inputs and outputs exchanged.
  const exchanged = graph.transpose(kernel, [1, 0, 2, 3]); // [c, o, k, k]
  if (isSmall(graph, shape)) {
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
  return graph.node('Conv', [dy, turned, null], shape, attributes(k, 1));
}

/** Sum over everything but channels. @param dy [n, o, h, w] @returns [o] */
export function biasGradient(graph: TensorGraph, dy: Value): Value {
  return graph.reduceSum(dy, [0, 2, 3]);
}

function isSmall({ target }: TensorGraph, [, , h = 1, w = 1]: readonly number[]): boolean {
  // A card multiplies small maps in its own way.
  return target !== 'webgpu' && h * w < pixelsOfSmallMaps;
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

/** [o, c, k, k] → [o, c·k·k] */
function asMatrix(graph: TensorGraph, kernel: Value): Value {
  const [o = 1] = kernel.shape;
  return graph.reshape(kernel, [o, sizeOf(kernel.shape) / o]);
}

/** [n, c, h, w] → [c, n·h·w] */
function merged(graph: TensorGraph, x: Value): Value {
  const [, c = 1] = x.shape;
  return graph.reshape(graph.transpose(x, [1, 0, 2, 3]), [c, sizeOf(x.shape) / c]);
}

/** [c, n·h·w] → [n, c, h, w] */
function fromRows(graph: TensorGraph, rows: Value, [n = 1, c = 1, h = 1, w = 1]: readonly number[]): Value {
  return graph.transpose(graph.reshape(rows, [c, n, h, w]), [1, 0, 2, 3]);
}

/**
 * The map as each of the kernel's taps sees it, [n, c·k·k, h', w'], so that a convolution is a matrix product with the kernel.
 * Written as a convolution of each channel with k · k kernels that have a single 1: one operator on all threads, where
 * slices would be k · k on one.
 * @param order `turned`: the taps of a kernel turned by 180°
 */
function columns(
  graph: TensorGraph,
  x: Value,
  k: number,
  stride: number,
  order: 'straight' | 'turned' = 'straight',
): Value {
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  if (k === 1 && stride === 1) return x;
  if (graph.target === 'webgpu') return slicedColumns(graph, x, k, stride);
  const taps = k * k;
  const picks = graph.shared(`picks ${[c, k, order].join(' ')}`, () => {
    const ones = new Float32Array(c * taps * taps);
    for (let row = 0; row < c * taps; row++) {
      const tap = row % taps;
      ones[row * taps + (order === 'turned' ? taps - 1 - tap : tap)] = 1;
    }
    return graph.constant(ones, [c * taps, 1, k, k]);
  });
  const shape = [n, c * taps, strided(h, stride), strided(w, stride)];
  return graph.node('Conv', [x, picks], shape, { ...attributes(k, stride), group: { int: c } });
}

/** As `columns`, in slices: ONNX Runtime's WebGPU provider computes a grouped convolution with stride 2 wrongly. */
function slicedColumns(graph: TensorGraph, x: Value, k: number, stride: number): Value {
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  const [height, width] = [strided(h, stride), strided(w, stride)];
  const pad = (k - 1) / 2;
  const padded = graph.pad(graph.pad(x, 2, pad, pad, 0), 3, pad, pad, 0);
  const taps = Array.from({ length: k * k }, (_, tap) => {
    const seen = graph.slice(padded, [
      { axis: 2, from: Math.floor(tap / k), count: height, step: stride },
      { axis: 3, from: tap % k, count: width, step: stride },
    ]);
    return graph.reshape(seen, [n, c, 1, height * width]);
  });
  return graph.reshape(graph.concat(taps, 2), [n, c * k * k, height, width]);
}

/** The matrix that reverses the order of `count` columns. */
function reversal(graph: TensorGraph, count: number): Value {
  return graph.shared(`reversal ${String(count)}`, () => {
    const ones = new Float32Array(count * count);
    for (let row = 0; row < count; row++) ones[row * count + count - 1 - row] = 1;
    return graph.constant(ones, [count, count]);
  });
}
