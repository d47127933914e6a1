/** Maps as matrices, so that a convolution is a matrix product with its kernel. Maps are NCHW. */
import type { Value } from './onnx-graph.ts';
import { sizeOf } from './shapes.ts';
import type { TensorGraph } from './tensor-graph.ts';

/** Maps with fewer pixels than this are multiplied as one matrix for the whole batch. */
const pixelsOfSmallMaps = 200;

/** @param shape of a map, [n, c, h, w] */
export function isSmall({ target }: TensorGraph, [, , h = 1, w = 1]: readonly number[]): boolean {
  // A card multiplies small maps in its own way.
  return target !== 'webgpu' && h * w < pixelsOfSmallMaps;
}

/** A convolution on a small map is one matrix product for the whole batch if its kernel connects as many pairs of channels. */
const pairsOfMatrices = 2 ** 12;

/**
 * Whether a convolution is written as one matrix product. ONNX Runtime divides the pixels of each image among threads, which
 * leaves small maps to one of them; with fewer channels, preparing the matrix takes longer than that.
 * @param kernel its shape, [o, c, k, k] @param result shape of the result, [n, o, h, w]
 */
export function isMatrixProduct(
  graph: TensorGraph,
  [o = 1, c = 1]: readonly number[],
  result: readonly number[],
): boolean {
  return isSmall(graph, result) && o * c >= pairsOfMatrices;
}

/** Side of the result of a convolution. */
export function strided(side: number, stride: number): number {
  return Math.floor((side - 1) / stride) + 1;
}

/** Attributes of a convolution with symmetric padding. */
export function windowAttributes(k: number, stride: number): Record<string, { ints: number[] }> {
  const pad = (k - 1) / 2;
  return {
    kernel_shape: { ints: [k, k] },
    strides: { ints: [stride, stride] },
    pads: { ints: [pad, pad, pad, pad] },
  };
}

/** [n, c, h, w] → [c, n·h·w] */
export function merged(graph: TensorGraph, x: Value): Value {
  const [, c = 1] = x.shape;
  return graph.reshape(graph.transpose(x, [1, 0, 2, 3]), [c, sizeOf(x.shape) / c]);
}

/** Order of a kernel's taps: `turned` is that of the kernel turned by 180°. */
type TapOrder = 'straight' | 'turned';

/** The map as each of a kernel's taps sees it, [n, c·k·k, h', w']: im2col. */
export function columns(
  graph: TensorGraph,
  x: Value,
  k: number,
  stride: number,
  order: TapOrder = 'straight',
): Value {
  const [, , h = 1, w = 1] = x.shape;
  if (k === 1 && stride === 1) return x;
  if (graph.target === 'webgpu') return slicedColumns(graph, x, k, stride);
  const pad = (k - 1) / 2;
  return taps(graph, x, {
    kernel: [k, k],
    stride,
    pads: [pad, pad, pad, pad],
    size: [strided(h, stride), strided(w, stride)],
    order,
  });
}

/**
 * The map as each tap of a window sees it, [n, c·taps, height, width]. Written as a convolution of each channel with kernels that
 * have a single 1: one operator on all threads, where slices would be one for each tap, on one thread.
 */
export function taps(
  graph: TensorGraph,
  x: Value,
  {
    kernel,
    stride,
    pads,
    size,
    order = 'straight',
  }: {
    /** Height and width of the window. */
    readonly kernel: readonly [number, number];
    readonly stride: number;
    /** Top, left, bottom, right. */
    readonly pads: readonly [number, number, number, number];
    /** Height and width of the result. */
    readonly size: readonly [number, number];
    readonly order?: TapOrder;
  },
): Value {
  const [n = 1, c = 1] = x.shape;
  const count = kernel[0] * kernel[1];
  const picks = graph.shared(`picks ${[c, ...kernel, order].join(' ')}`, () => {
    const ones = new Float32Array(c * count * count);
    for (let row = 0; row < c * count; row++) {
      const tap = row % count;
      ones[row * count + (order === 'turned' ? count - 1 - tap : tap)] = 1;
    }
    return graph.constant(ones, [c * count, 1, ...kernel]);
  });
  return graph.node('Conv', [x, picks], [n, c * count, ...size], {
    kernel_shape: { ints: kernel },
    strides: { ints: [stride, stride] },
    pads: { ints: pads },
    group: { int: c },
  });
}

/** As `columns`, in slices: ONNX Runtime's WebGPU provider computes a grouped convolution with stride 2 wrongly. */
function slicedColumns(graph: TensorGraph, x: Value, k: number, stride: number): Value {
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  const [height, width] = [strided(h, stride), strided(w, stride)];
  const pad = (k - 1) / 2;
  const padded = graph.pad(graph.pad(x, 2, pad, pad, 0), 3, pad, pad, 0);
  const seen = Array.from({ length: k * k }, (_, tap) => {
    const part = graph.slice(padded, [
      { axis: 2, from: Math.floor(tap / k), count: height, step: stride },
      { axis: 3, from: tap % k, count: width, step: stride },
    ]);
    return graph.reshape(part, [n, c, 1, height * width]);
  });
  return graph.reshape(graph.concat(seen, 2), [n, c * k * k, height, width]);
}
