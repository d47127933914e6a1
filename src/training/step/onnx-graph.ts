/** An ONNX graph under construction, in which every value has a fixed shape: inputs, outputs, constants and nodes. */
import { bytesOf } from '../../runtime/onnx/onnx-nodes.ts';
import {
  encodeModel,
  type AttributeValue,
  type DataType,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from '../../runtime/onnx/onnx-messages.ts';
import { sizeOf } from './shapes.ts';

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

/** WebGPU guarantees a shader eight buffers: one is the node's input. */
const splitsOnWebGpu = 7;

/** What runs a graph. */
export type GraphTarget = 'cpu' | 'cuda' | 'webgpu';

export class OnnxGraph {
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
    // Before everything that reads the parts: ONNX wants nodes in order.
    this.#nodes.unshift(...this.#splits(whole.name, packed.parts));
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
    const [value] = this.nodeOf(op, inputs, [{ shape, type }], attributes);
    return value!;
  }

  int64s(values: readonly number[]): Value {
    return this.shared(`int64 ${values.join()}`, () =>
      this.#initializer('int64', [values.length], bytesOf(BigInt64Array.from(values, BigInt))),
    );
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

  /** Any operator. @returns its results */
  nodeOf(
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

  /** The nodes that split a vector: one, or several where the provider limits how many results a node may have. */
  #splits(whole: string, parts: PackedInput['parts']): OnnxNode[] {
    const most = this.target === 'webgpu' ? splitsOnWebGpu : parts.length;
    let each = 1;
    while (each * most < parts.length) each *= most;
    const groups = Array.from({ length: Math.ceil(parts.length / each) }, (_, index) => {
      const group = parts.slice(index * each, (index + 1) * each);
      const [first] = group;
      const name = group.length === 1 ? (first?.value.name ?? '') : `${whole}/${String(index)}…`;
      return { name, group, length: group.reduce((sum, { value }) => sum + sizeOf(value.shape), 0) };
    });
    const lengths = this.int64s(groups.map(({ length }) => length));
    const outputs = groups.map(({ name }) => name);
    return [
      { op: 'Split', inputs: [whole, lengths.name], outputs, attributes: { axis: { int: 0 } } },
      ...groups.flatMap(({ name, group }) => (group.length === 1 ? [] : this.#splits(name, group))),
    ];
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
