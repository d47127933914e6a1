/** Bilinear resampling as matrix products, and max pooling, with their gradients. Maps are NCHW. */
import type { PoolSpec } from '../../model/ops.ts';
import type { Tape, Tracked } from './tape.ts';
import type { Value } from './onnx-graph.ts';
import { sizeOf } from './shapes.ts';
import type { TensorGraph } from './tensor-graph.ts';

/** Bilinear with aligned corners: rows · x · columnsᵀ with constant matrices. @returns [n, c, height, width] */
export function resize(tape: Tape, x: Tracked, height: number, width: number): Tracked {
  const { graph } = tape;
  const [, , h = 1, w = 1] = x.value.shape;
  const rows = alignedCorners(height, h);
  const columns = alignedCorners(width, w);
  const left = graph.constant(rows, [height, h]);
  const right = graph.constant(transposed(columns, width, w), [w, width]);
  const value = graph.matMul(left, graph.matMul(x.value, right));
  return tape.record(value, [x], (dy) => {
    const down = graph.constant(transposed(rows, height, h), [h, height]);
    const across = graph.constant(columns, [width, w]);
    tape.contribute(x, graph.matMul(graph.matMul(down, dy), across));
  });
}

/**
 * Bilinear crop-and-resize of each image at its own box (see `Ops.cropResize`): as `resize`, with matrices computed from the
 * boxes. @param boxes [n, 4] @returns [n, c, height, width]
 */
export function cropResize(tape: Tape, x: Tracked, boxes: Value, height: number, width: number): Tracked {
  const { graph } = tape;
  const [, , h = 1, w = 1] = x.value.shape;
  const rows = samplingMatrix(graph, boxes, [0, 2], height, h); // [n, 1, height, h]
  const columns = samplingMatrix(graph, boxes, [1, 3], width, w); // [n, 1, width, w]
  const flipped = (matrix: Value): Value => graph.transpose(matrix, [0, 1, 3, 2]);
  const value = graph.matMul(rows, graph.matMul(x.value, flipped(columns)));
  return tape.record(value, [x], (dy) => {
    tape.contribute(x, graph.matMul(flipped(rows), graph.matMul(dy, columns)));
  });
}

/** Ties go to the first pixel of the window, row by row. */
export function maxPool(tape: Tape, x: Tracked, spec: PoolSpec): Tracked {
  const { graph } = tape;
  if (graph.target === 'webgpu') {
    // Rows first: among equal maxima, the first row has it, and in this row the first pixel.
    return maxAlong(tape, maxAlong(tape, x, spec, 3), spec, 2);
  }
  const { kernel, stride, pad } = spec;
  const [n = 1, c = 1, h = 1, w = 1] = x.value.shape;
  const side = (length: number): number => Math.floor((length + 2 * pad - kernel) / stride) + 1;
  const [value, offsets] = graph.maxPool(x.value, [n, c, side(h), side(w)], spec);
  return tape.record(value, [x], (dy) => {
    const size = sizeOf(x.value.shape);
    const flat = (part: Value): Value => graph.reshape(part, [sizeOf(part.shape)]);
    const attributes = { reduction: { string: 'add' }, axis: { int: 0 } };
    const inputs = [graph.zeros([size]), flat(offsets), flat(dy)];
    const scattered = graph.node('ScatterElements', inputs, [size], attributes);
    tape.contribute(x, graph.reshape(scattered, x.value.shape));
  });
}

/** Stands for no pixel; finite, since shaders may assume that numbers are. */
const lowest = -3e38;

/**
 * The maximum of `kernel` pixels along one axis. ONNX Runtime's WebGPU provider has no MaxPool that returns offsets, so the gradient
 * visits the pixels of the windows one after the other: the first that equals the maximum gets it.
 */
function maxAlong(tape: Tape, x: Tracked, { kernel, stride, pad }: PoolSpec, axis: 2 | 3): Tracked {
  const { graph } = tape;
  const { shape } = x.value;
  const length = shape[axis] ?? 1;
  const count = Math.floor((length + 2 * pad - kernel) / stride) + 1;
  // Windows read up to this many pixels, with those before the first one.
  const reach = stride * (count - 1) + kernel;
  const after = Math.max(0, reach - pad - length);
  const padded = graph.pad(x.value, axis, pad, after, lowest);
  const taps = Array.from({ length: kernel }, (_, from) =>
    graph.slice(padded, [{ axis, from, count, step: stride }]),
  );
  const value = taps.reduce((most, tap) => graph.max(most, tap));
  return tape.record(value, [x], (dy) => {
    let left = dy;
    const parts = taps.map((tap, from) => {
      const part = graph.mul(left, graph.equal(tap, value));
      left = graph.sub(left, part);
      const spread = spreadAlong(graph, part, axis, stride);
      return graph.pad(spread, axis, from, kernel - 1 - from, 0);
    });
    const sum = graph.sum(parts); // [reach] along the axis
    const missing = Math.max(0, pad + length - reach);
    const whole = graph.pad(sum, axis, 0, missing, 0);
    tape.contribute(x, graph.slice(whole, [{ axis, from: pad, count: length }]));
  });
}

/** Puts `stride` − 1 zeros between the pixels along an axis. */
function spreadAlong(graph: TensorGraph, x: Value, axis: 2 | 3, stride: number): Value {
  if (stride === 1) return x;
  const { shape } = x;
  const count = shape[axis] ?? 1;
  const apart = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)];
  const filled = graph.pad(graph.reshape(x, apart), axis + 1, 0, stride - 1, 0);
  const length = stride * (count - 1) + 1;
  const joined = shape.map((side, index) => (index === axis ? stride * count : side));
  return graph.slice(graph.reshape(filled, joined), [{ axis, from: 0, count: length }]);
}

/** [to, from], row by row: the weights of `from` pixels in each of `to` sampling points, first on first, last on last. */
function alignedCorners(to: number, from: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const at = to > 1 ? (row * (from - 1)) / (to - 1) : 0;
    const first = Math.min(Math.floor(at), Math.max(0, from - 2));
    const share = at - first;
    matrix[row * from + first] = 1 - share;
    if (share > 0) matrix[row * from + first + 1] = share;
  }
  return matrix;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: matrix.length }, (_, i) => {
    const [row, column] = [i % rows, Math.floor(i / rows)];
    return matrix[row * columns + column] ?? 0;
  });
}

/**
 * The matrix that samples `to` points between two fractions of `from` pixels. Each row is a tent of width 1 around its
 * sampling point; rows outside the image are 0.
 * @param corners columns of `boxes` with the first and last fraction
 * @returns [n, 1, to, from]
 */
function samplingMatrix(
  graph: TensorGraph,
  boxes: Value,
  corners: readonly [number, number],
  to: number,
  from: number,
): Value {
  const [n = 1] = boxes.shape;
  const [first, last] = corners.map((column) =>
    graph.reshape(graph.slice(boxes, [{ axis: 1, from: column, count: 1 }]), [n, 1, 1, 1]),
  ) as [Value, Value];
  const steps = Float32Array.from({ length: to }, (_, i) => (to > 1 ? i / (to - 1) : 0.5));
  const fractions = graph.add(first, graph.mul(graph.sub(last, first), graph.constant(steps, [1, 1, to, 1])));
  const at = graph.mul(fractions, graph.scalar(from - 1)); // [n, 1, to, 1]
  const pixels = graph.constant(
    Float32Array.from({ length: from }, (_, i) => i),
    [1, 1, 1, from],
  );
  const distance = graph.unary('Abs', graph.sub(at, pixels)); // [n, 1, to, from]
  const tent = graph.unary('Relu', graph.sub(graph.scalar(1), distance));
  const below = graph.greater(graph.scalar(0), at); // 1 outside the image
  const above = graph.greater(at, graph.scalar(from - 1));
  return graph.mul(tent, graph.sub(graph.scalar(1), graph.add(below, above)));
}
