/** Bilinear resampling as matrix products, with its gradients. Maps are NCHW. */
import type { Tape, Tracked } from './tape.ts';
import type { Value } from './onnx-graph.ts';
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
