/** Gradients of convolutions' kernels, as matrix products. Maps are NCHW, kernels [out, in, k, k], padding is (k − 1) / 2. */
import { columns, isSmall, merged, taps } from './columns.ts';
import type { Value } from './onnx-graph.ts';
import type { TensorGraph } from './tensor-graph.ts';

/**
 * @param x [n, c, h, w], the convolution's input
 * @param dy [n, o, h', w'], the gradient of its result
 * @param k side of the kernel
 * @returns [o, c, k, k]
 */
export function kernelGradient(graph: TensorGraph, x: Value, dy: Value, k: number, stride: number): Value {
  const [, c = 1] = x.shape;
  const [, o = 1] = dy.shape;
  if (isSmall(graph, dy.shape)) {
    const seen = columns(graph, x, k, stride); // [n, c·k·k, h', w']
    const gradient = graph.gemm(merged(graph, dy), merged(graph, seen), { transB: true }); // [o, c·k·k]
    return graph.reshape(gradient, [o, c, k, k]);
  }
  const { count } = rowShifts(k, stride);
  // What a product reads has to be written first; the fewer maps, the better.
  const isCheaperByRows = c * stride * k + o * count < c * k * k;
  if (graph.target !== 'webgpu' && isCheaperByRows) return gradientByRows(graph, x, dy, k, stride);
  return graph.reshape(product(graph, dy, columns(graph, x, k, stride)), [o, c, k, k]);
}

/**
 * A window's columns are taken from x, its rows from dy. Row `ky` of the kernel multiplies row `stride · y + ky − pad` of x with row
 * y of dy. With `ky − pad = stride · q + r`, that is row `stride · (y + q) + r`, so x is read in steps of whole strides at the
 * offsets r, and dy is shifted by q rows: k maps a channel on either side for stride 1, instead of k · k of x.
 */
function gradientByRows(graph: TensorGraph, x: Value, dy: Value, k: number, stride: number): Value {
  const [, c = 1, h = 1] = x.shape;
  const [, o = 1, height = 1, width = 1] = dy.shape;
  const pad = (k - 1) / 2;
  const { first, last, count } = rowShifts(k, stride);
  const size = [height, width] as const;
  const seen = taps(graph, x, {
    kernel: [stride, k],
    stride,
    pads: [0, pad, stride * height - h, pad],
    size,
  }); // [n, c·stride·k, h', w']
  const shifted =
    count === 1
      ? dy
      : taps(graph, dy, { kernel: [count, 1], stride: 1, pads: [last, 0, -first, 0], size, order: 'turned' });
  const products = graph.reshape(product(graph, shifted, seen), [o, count, c, stride * k]);
  // [o, c, (q, r), kx]: pairs of q and r in order are rows of the kernel, the first ones perhaps above it.
  const rows = graph.reshape(graph.transpose(products, [0, 2, 1, 3]), [o, c, count * stride, k]);
  return count * stride === k
    ? rows
    : graph.slice(rows, [{ axis: 2, from: -(stride * first + pad), count: k }]);
}

/** The shifts q of `gradientByRows`. */
function rowShifts(k: number, stride: number): { first: number; last: number; count: number } {
  const pad = (k - 1) / 2;
  const [first, last] = [Math.floor(-pad / stride), Math.floor(pad / stride)];
  return { first, last, count: last - first + 1 };
}

/** The product of two maps over images and pixels. @param a [n, p, h, w] @param b [n, q, h, w] @returns [p, q] */
function product(graph: TensorGraph, a: Value, b: Value): Value {
  const asRows = (map: Value): Value => {
    const [n = 1, channels = 1, h = 1, w = 1] = map.shape;
    return graph.reshape(map, [n, channels, h * w]);
  };
  const flipped = graph.transpose(asRows(b), [0, 2, 1]);
  return graph.reduceSum(graph.matMul(asRows(a), flipped), [0]);
}
