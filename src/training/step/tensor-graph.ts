/**
 * The arithmetic that a training step needs, as nodes of an ONNX graph. Each method emits one node and infers the shape of its
 * result.
 */
import type { DataType } from '../../runtime/onnx/onnx-messages.ts';
import { OnnxGraph, type Value } from './onnx-graph.ts';
import { broadcastShape, sameShape, sizeOf } from './shapes.ts';

export class TensorGraph extends OnnxGraph {
  add(a: Value, b: Value): Value {
    return this.node('Add', [a, b], broadcastShape(a.shape, b.shape));
  }

  sub(a: Value, b: Value): Value {
    return this.node('Sub', [a, b], broadcastShape(a.shape, b.shape));
  }

  mul(a: Value, b: Value): Value {
    return this.node('Mul', [a, b], broadcastShape(a.shape, b.shape));
  }

  div(a: Value, b: Value): Value {
    return this.node('Div', [a, b], broadcastShape(a.shape, b.shape));
  }

  max(a: Value, b: Value): Value {
    return this.node('Max', [a, b], broadcastShape(a.shape, b.shape));
  }

  min(a: Value, b: Value): Value {
    return this.node('Min', [a, b], broadcastShape(a.shape, b.shape));
  }

  /** An element-wise function of one argument: Relu, Sigmoid, Sqrt, Log, Abs, Neg. */
  unary(op: 'Relu' | 'Sigmoid' | 'Sqrt' | 'Log' | 'Abs' | 'Neg', x: Value): Value {
    return this.node(op, [x], x.shape);
  }

  /** 1 where a > b, else 0. */
  greater(a: Value, b: Value): Value {
    const isGreater = this.node('Greater', [a, b], broadcastShape(a.shape, b.shape), {}, 'bool');
    return this.cast(isGreater, 'float32');
  }

  /** 1 where a = b, else 0. */
  equal(a: Value, b: Value): Value {
    const isEqual = this.node('Equal', [a, b], broadcastShape(a.shape, b.shape), {}, 'bool');
    return this.cast(isEqual, 'float32');
  }

  /** `before` and `after` more elements of `value` along an axis. */
  pad(x: Value, axis: number, before: number, after: number, value: number): Value {
    if (before === 0 && after === 0) return x;
    const shape = x.shape.map((side, index) => (index === axis ? before + side + after : side));
    const ends = [before, after].flatMap((count) => x.shape.map((_, index) => (index === axis ? count : 0)));
    return this.node('Pad', [x, this.int64s(ends), this.scalar(value)], shape);
  }

  /** Moves x along an axis by `by` places, forwards or back; `value` takes the places that become free. */
  shift(x: Value, axis: number, by: number, value: number): Value {
    // Negative padding cuts off.
    const ends = [by, -by].flatMap((count) => x.shape.map((_, index) => (index === axis ? count : 0)));
    return this.node('Pad', [x, this.int64s(ends), this.scalar(value)], x.shape);
  }

  cast(x: Value, type: DataType): Value {
    return x.type === type ? x : this.node('Cast', [x], x.shape, { to: { int: dataTypeCodes[type] } }, type);
  }

  /** Along the last axis. */
  softmax(x: Value): Value {
    return this.node('Softmax', [x], x.shape, { axis: { int: -1 } });
  }

  /** The sum of values of one shape. */
  sum(values: readonly Value[]): Value {
    const [first, ...others] = values;
    if (first === undefined) throw new RangeError('There is nothing to add.');
    return others.reduce((sum, value) => this.add(sum, value), first);
  }

  reduceSum(x: Value, axes: readonly number[], keep = false): Value {
    return this.#reduce('ReduceSum', x, axes, keep);
  }

  reduceMean(x: Value, axes: readonly number[], keep = false): Value {
    return this.#reduce('ReduceMean', x, axes, keep);
  }

  reduceMax(x: Value, axes: readonly number[], keep = false): Value {
    return this.#reduce('ReduceMax', x, axes, keep);
  }

  /** Sums over the axes along which `shape` was broadcast to x's shape. */
  reduceTo(x: Value, shape: readonly number[]): Value {
    const axes = x.shape.flatMap((side, axis) => (shape[axis] === 1 && side !== 1 ? [axis] : []));
    return axes.length === 0 ? x : this.reduceSum(x, axes, true);
  }

  expand(x: Value, shape: readonly number[]): Value {
    return sameShape(x.shape, shape) ? x : this.node('Expand', [x, this.int64s(shape)], shape);
  }

  reshape(x: Value, shape: readonly number[]): Value {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw new RangeError(`${x.name}: [${x.shape.join(', ')}] cannot become [${shape.join(', ')}].`);
    }
    return sameShape(x.shape, shape) ? x : this.node('Reshape', [x, this.int64s(shape)], shape, {}, x.type);
  }

  transpose(x: Value, order: readonly number[]): Value {
    const shape = order.map((axis) => x.shape[axis] ?? 1);
    return this.node('Transpose', [x], shape, { perm: { ints: order } }, x.type);
  }

  /** x[…, from : from + step · (count − 1) + 1 : step, …] along each of the given axes. */
  slice(
    x: Value,
    parts: readonly {
      readonly axis: number;
      readonly from: number;
      readonly count: number;
      readonly step?: number;
    }[],
  ): Value {
    const shape = [...x.shape];
    for (const { axis, count } of parts) shape[axis] = count;
    const ends = parts.map(({ from, count, step = 1 }) => from + step * (count - 1) + 1);
    const inputs = [
      x,
      this.int64s(parts.map(({ from }) => from)),
      this.int64s(ends),
      this.int64s(parts.map(({ axis }) => axis)),
      this.int64s(parts.map(({ step = 1 }) => step)),
    ];
    return this.node('Slice', inputs, shape, {}, x.type);
  }

  concat(values: readonly Value[], axis: number): Value {
    const [first] = values;
    if (first === undefined) throw new RangeError('There is nothing to concatenate.');
    if (values.length === 1) return first;
    const shape = [...first.shape];
    shape[axis] = values.reduce((sum, value) => sum + (value.shape[axis] ?? 0), 0);
    return this.node('Concat', values, shape, { axis: { int: axis } });
  }

  /** Matrix products over the last two axes; leading axes broadcast. */
  matMul(a: Value, b: Value): Value {
    const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return this.node('MatMul', [a, b], [...batch, a.shape.at(-2) ?? 1, b.shape.at(-1) ?? 1]);
  }

  /** Two matrices, either one transposed. */
  gemm(a: Value, b: Value, { transA = false, transB = false } = {}): Value {
    const rows = a.shape[transA ? 1 : 0] ?? 1;
    const columns = b.shape[transB ? 0 : 1] ?? 1;
    const attributes = { transA: { int: Number(transA) }, transB: { int: Number(transB) } };
    return this.node('Gemm', [a, b], [rows, columns], attributes);
  }

  /** The largest of each window, and its offset in the whole tensor. @param shape of the result */
  maxPool(
    x: Value,
    shape: readonly number[],
    {
      kernel,
      stride,
      pad,
    }: {
      /** Height and width. */
      readonly kernel: readonly [number, number];
      readonly stride: number;
      /** Rows and columns at either end. */
      readonly pad: readonly [number, number];
    },
  ): [largest: Value, offsets: Value] {
    const attributes = {
      kernel_shape: { ints: kernel },
      strides: { ints: [stride, stride] },
      pads: { ints: [...pad, ...pad] },
    };
    const results = [{ shape, type: 'float32' } as const, { shape, type: 'int64' } as const];
    const [largest, offsets] = this.nodeOf('MaxPool', [x], results, attributes);
    return [largest!, offsets!];
  }

  #reduce(op: string, x: Value, axes: readonly number[], keep: boolean): Value {
    const shape = x.shape.flatMap((side, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [side]));
    return this.node(op, [x, this.int64s(axes)], shape, { keepdims: { int: Number(keep) } });
  }
}

/** TensorProto.DataType of the types that Cast is used for. */
const dataTypeCodes: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};
