/** Max pooling with its gradient. Maps are NCHW. */
import type { PoolSpec } from '../../model/ops.ts';
import type { Value } from './onnx-graph.ts';
import { sizeOf } from './shapes.ts';
import type { Tape, Tracked } from './tape.ts';
import type { TensorGraph } from './tensor-graph.ts';

/**
 * Maps of at most as many elements stay in a core's cache from operation to operation: then a few operations on whole maps are
 * faster than a comparison for each pixel and tap, of which processors mispredict many. In smaller maps, starting operations
 * takes longer.
 */
const cachedMaps = { least: 2 ** 14, most: 2 ** 17 };

/** Ties go to the first pixel of the window, row by row. */
export function maxPool(tape: Tape, x: Tracked, spec: PoolSpec): Tracked {
  // Rows first: among equal maxima, the first row has it, and in this row the first pixel.
  const byAxis = (along: typeof maxAlong): Tracked => along(tape, along(tape, x, spec, 3), spec, 2);
  if (tape.graph.target === 'webgpu') return byAxis(maxAlong);
  const { kernel, stride, pad } = spec;
  if (stride === 1) {
    const size = sizeOf(x.value.shape);
    if (size >= cachedMaps.least && size <= cachedMaps.most) return byAxis(maxByHalves);
    // ONNX Runtime compares pixel by pixel, so 2 · 5 comparisons beat 5²; with a stride, the first axis has more pixels.
    const sides = (axis: 2 | 3, side: number, other: number): [number, number] =>
      axis === 2 ? [side, other] : [other, side];
    return byAxis((_, input, __, axis) =>
      maxByOffsets(tape, input, sides(axis, kernel, 1), 1, sides(axis, pad, 0)),
    );
  }
  return maxByOffsets(tape, x, [kernel, kernel], stride, [pad, pad]);
}

/** @param kernel height and width of the window @param pad rows and columns at either end */
function maxByOffsets(
  tape: Tape,
  x: Tracked,
  kernel: readonly [number, number],
  stride: number,
  pad: readonly [number, number],
): Tracked {
  const { graph } = tape;
  const [n = 1, c = 1, h = 1, w = 1] = x.value.shape;
  const side = (length: number, axis: 0 | 1): number =>
    Math.floor((length + 2 * pad[axis] - kernel[axis]) / stride) + 1;
  const shape = [n, c, side(h, 0), side(w, 1)];
  const [value, offsets] = graph.maxPool(x.value, shape, { kernel, stride, pad });
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
 * The maximum of `kernel` pixels along one axis, stride 1: of windows of 1, 2, 4, … pixels, the last two of which may overlap. Each
 * step compares a window with a later one; the gradient goes back to the one that had won.
 */
function maxByHalves(tape: Tape, x: Tracked, { kernel, pad }: PoolSpec, axis: 2 | 3): Tracked {
  const { graph } = tape;
  const length = x.value.shape[axis] ?? 1;
  /** Windows that start at the first padding pixel and later; those that reach beyond the end are cut off. */
  let largest = graph.pad(x.value, axis, pad, Math.max(0, kernel - 1 - pad), lowest);
  const steps: { readonly wins: Value; readonly by: number }[] = [];
  for (let reach = 1; reach < kernel;) {
    const by = Math.min(reach, kernel - reach);
    const later = graph.shift(largest, axis, -by, lowest);
    steps.push({
      wins: graph.node('GreaterOrEqual', [largest, later], largest.shape, {}, 'bool'),
      by,
    });
    largest = graph.max(largest, later);
    reach += by;
  }
  const padded = largest.shape[axis] ?? 1;
  const count = length + 2 * pad - kernel + 1;
  const value = graph.slice(largest, [{ axis, from: 0, count }]);
  return tape.record(value, [x], (dy) => {
    const whole = steps.reduceRight(
      (gradient, { wins, by }) => {
        const first = graph.node('Where', [wins, gradient, graph.scalar(0)], gradient.shape);
        return graph.add(first, graph.shift(graph.sub(gradient, first), axis, by, 0));
      },
      graph.pad(dy, axis, 0, padded - count, 0),
    );
    tape.contribute(x, graph.slice(whole, [{ axis, from: pad, count: length }]));
  });
}

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
