/**
 * An ONNX graph under construction, in which every value has a fixed shape. The methods are the arithmetic that a
 * training step needs; each emits one ONNX node and infers the shape of its result.
 */
import { bytesOf } from '../../runtime/onnx/onnx-nodes.ts';
import {
  encodeModel,
  type AttributeValue,
  type DataType,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from '../../runtime/onnx/onnx-messages.ts';

/** Opset 18: Split, Pad and the reductions take their axes as inputs. */
const opset = 18;

/** A tensor of the graph. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: DataType;
}

/** An input that holds several vectors, one after the other: fewer and larger tensors cost less to handle. */
export interface PackedInput {
  readonly name: string;
  /** The vectors so far, and where each starts. */
  readonly parts: { readonly value: Value; readonly offset: number }[];
  length: number;
}

/** What runs a graph. */
export type GraphTarget = 'cpu' | 'cuda' | 'webgpu';

export class TensorGraph {
  readonly inputs: Value[] = [];
  readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];
  /** Inner names of the outputs, in order. */
  readonly #results: string[] = [];
  readonly #constants = new Map<string, Value>();
  #count = 0;
  /** What will run the graph: a provider may lack an operator, or do another one faster. */
  readonly target: GraphTarget;

  constructor(target: GraphTarget = 'cpu') {
    this.target = target;
  }

  /** A value that each run feeds. */
  input(name: string, shape: readonly number[], type: DataType = 'float32'): Value {
    const value = { name, shape, type };
    this.inputs.push(value);
    return value;
  }

  /** A packed input without vectors. Take all of them, then close it. */
  packedInput(name: string): PackedInput {
    return { name, parts: [], length: 0 };
  }

  /** The next vector of a packed input. */
  take(packed: PackedInput, length: number): Value {
    const name = `${packed.name}/${String(packed.parts.length)}`;
    const value: Value = { name, shape: [length], type: 'float32' };
    packed.parts.push({ value, offset: packed.length });
    packed.length += length;
    return value;
  }

  /** Adds the input to the graph. @returns the whole of it, [length]; null if it has no vectors */
  close(packed: PackedInput): Value | null {
    if (packed.parts.length === 0) return null;
    const whole = this.input(packed.name, [packed.length]);
    const lengths = this.int64s(packed.parts.map(({ value }) => value.shape[0] ?? 0));
    // Before everything that reads the parts: ONNX wants nodes in order.
    this.#nodes.unshift({
      op: 'Split',
      inputs: [whole.name, lengths.name],
      outputs: packed.parts.map(({ value }) => value.name),
      attributes: { axis: { int: 0 } },
    });
    return whole;
  }

  /** A value that each run returns; `name` may be that of an input whose next value it is. */
  output(name: string, value: Value): void {
    this.outputs.push({ name, value: { ...value, name: `next/${name}` } });
    this.#results.push(value.name);
  }

  constant(values: Float32Array, shape: readonly number[]): Value {
    return this.#initializer('float32', shape, bytesOf(values));
  }

  scalar(value: number): Value {
    return this.shared(`scalar ${String(value)}`, () => this.constant(Float32Array.of(value), []));
  }

  zeros(shape: readonly number[]): Value {
    const key = `zeros ${shape.join()}`;
    return this.shared(key, () => this.constant(new Float32Array(sizeOf(shape)), shape));
  }

  /** Any operator with one result. */
  node(
    op: string,
    inputs: readonly (Value | null)[],
    shape: readonly number[],
    attributes: Record<string, AttributeValue> = {},
    type: DataType = 'float32',
  ): Value {
    const [value] = this.#emit(op, inputs, [{ shape, type }], attributes);
    return value!;
  }

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

  int64s(values: readonly number[]): Value {
    return this.shared(`int64 ${values.join()}`, () =>
      this.#initializer('int64', [values.length], bytesOf(BigInt64Array.from(values, BigInt))),
    );
  }

  /** The largest of each window, and its offset in the whole tensor. @param shape of the result */
  maxPool(
    x: Value,
    shape: readonly number[],
    { kernel, stride, pad }: { readonly kernel: number; readonly stride: number; readonly pad: number },
  ): [largest: Value, offsets: Value] {
    const attributes = {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: [pad, pad, pad, pad] },
    };
    const results = [{ shape, type: 'float32' } as const, { shape, type: 'int64' } as const];
    const [largest, offsets] = this.#emit('MaxPool', [x], results, attributes);
    return [largest!, offsets!];
  }

  /** The graph as an ONNX file. */
  encode(): Uint8Array<ArrayBuffer> {
    // A node's result that is an output gets the output's name; an input that is one, or a second output, needs a copy.
    const renamed = new Map<string, string>();
    const produced = new Set(this.#nodes.flatMap(({ outputs }) => outputs));
    const copies: OnnxNode[] = [];
    this.outputs.forEach(({ value }, index) => {
      const result = this.#results[index] ?? '';
      if (produced.has(result) && !renamed.has(result)) renamed.set(result, value.name);
      else copies.push({ op: 'Identity', inputs: [result], outputs: [value.name] });
    });
    const rename = (name: string): string => renamed.get(name) ?? name;
    const nodes = [...this.#nodes, ...copies].map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    }));
    const described = ({ name, type, shape }: Value): OnnxValue => ({ name, type, shape });
    return encodeModel(
      {
        name: 'training step',
        nodes,
        initializers: this.#initializers,
        inputs: this.inputs.map(described),
        outputs: this.outputs.map(({ value }) => described(value)),
      },
      { opset, producer: 'Dualscope', metadata: {} },
    );
  }

  #emit(
    op: string,
    inputs: readonly (Value | null)[],
    results: readonly { readonly shape: readonly number[]; readonly type: DataType }[],
    attributes: Record<string, AttributeValue>,
  ): Value[] {
    const values = results.map((result) => ({ ...result, name: `${op}_${String(this.#count++)}` }));
    // Absent inputs at the end are left out: ONNX Runtime's WebGPU provider crashes on a Conv with an empty bias.
    const given = inputs.slice(0, inputs.findLastIndex((input) => input !== null) + 1);
    this.#nodes.push({
      op,
      inputs: given.map((input) => input?.name ?? ''),
      outputs: values.map(({ name }) => name),
      attributes,
    });
    return values;
  }

  #reduce(op: string, x: Value, axes: readonly number[], keep: boolean): Value {
    const shape = x.shape.flatMap((side, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [side]));
    return this.node(op, [x, this.int64s(axes)], shape, { keepdims: { int: Number(keep) } });
  }

  #initializer(type: DataType, shape: readonly number[], data: Uint8Array): Value {
    const value = { name: `constant_${String(this.#count++)}`, shape, type };
    this.#initializers.push({ ...value, data });
    return value;
  }

  /** A constant that is created once. @param key identifies it within the graph */
  shared(key: string, create: () => Value): Value {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const value = create();
    this.#constants.set(key, value);
    return value;
  }
}

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
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

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

/** NumPy's rule. @throws RangeError when the shapes are incompatible. */
function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(`Shapes [${a.join(', ')}] and [${b.join(', ')}] are incompatible.`);
    }
    return Math.max(x, y);
  });
}
