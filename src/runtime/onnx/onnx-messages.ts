/**
 * The ONNX messages (onnx.proto3) that a network needs, by their field numbers, on just enough of Protocol Buffers'
 * wire format to write them: fields, nested messages, packed numbers.
 */

/** TensorProto.DataType */
const dataTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type DataType = keyof typeof dataTypes;

export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** Name and type of an input or output; a string is an open dimension's name. */
export interface OnnxValue {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly (number | string)[];
  /** What the values mean, for people. */
  readonly doc?: string;
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Little-endian. */
  readonly data: Uint8Array;
}

interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** @returns the bytes of an .onnx file. */
export function encodeModel(
  graph: OnnxGraph,
  options: {
    readonly opset: number;
    readonly producer: string;
    /** What the file is, for people. */
    readonly doc?: string;
    readonly metadata: Readonly<Record<string, string>>;
  },
): Uint8Array<ArrayBuffer> {
  const model = new Message()
    .int(1, 8) // ir_version 8: ONNX 1.10 and newer
    .string(2, options.producer)
    .string(6, options.doc ?? '')
    .message(7, encodeGraph(graph))
    .message(8, new Message().string(1, '').int(2, options.opset));
  for (const [key, value] of Object.entries(options.metadata)) {
    model.message(14, new Message().string(1, key).string(2, value));
  }
  return model.finish();
}

function encodeGraph({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Message {
  const message = new Message();
  for (const node of nodes) message.message(1, encodeNode(node));
  message.string(2, name);
  for (const tensor of initializers) message.message(5, encodeTensor(tensor));
  for (const value of inputs) message.message(11, encodeValue(value));
  for (const value of outputs) message.message(12, encodeValue(value));
  return message;
}

function encodeNode({ op, inputs, outputs, attributes = {} }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.string(1, input);
  for (const output of outputs) message.string(2, output);
  message.string(3, outputs[0] ?? '').string(4, op);
  for (const [name, value] of Object.entries(attributes)) message.message(5, encodeAttribute(name, value));
  return message;
}

/** The last field is AttributeProto.AttributeType. */
function encodeAttribute(name: string, value: AttributeValue): Message {
  const message = new Message().string(1, name);
  if ('float' in value) return message.float(2, value.float).int(20, 1);
  if ('int' in value) return message.int(3, value.int).int(20, 2);
  if ('string' in value) return message.string(4, value.string).int(20, 3);
  return message.ints(8, value.ints).int(20, 7);
}

function encodeTensor({ name, type, shape, data }: OnnxTensor): Message {
  return new Message().ints(1, shape).int(2, dataTypes[type]).string(8, name).bytes(9, data);
}

function encodeValue({ name, type, shape, doc }: OnnxValue): Message {
  const dimensions = new Message();
  for (const side of shape) {
    dimensions.message(
      1,
      typeof side === 'number' ? new Message().int(1, side) : new Message().string(2, side),
    );
  }
  const tensor = new Message().int(1, dataTypes[type]).message(2, dimensions);
  const message = new Message().string(1, name).message(2, new Message().message(1, tensor));
  return doc === undefined ? message : message.string(3, doc);
}

/**
 * A message under construction: pieces in order, joined once at the end, so that large tensors are not
 * copied.
 */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Wire type 0: integers, enums and booleans. Negative numbers take ten bytes, as in int64. */
  int(field: number, value: number): this {
    return this.#push(varint(field << 3), varint(value));
  }

  /** Wire type 5: a 32-bit float. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#push(varint((field << 3) | 5), bytes);
  }

  /** Wire type 2: bytes, which are not copied until `finish`. */
  bytes(field: number, value: Uint8Array): this {
    return this.#push(varint((field << 3) | 2), varint(value.length), value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** Repeated integers, packed. */
  ints(field: number, values: readonly number[]): this {
    const packed = new Message();
    for (const value of values) packed.#push(varint(value));
    return this.message(field, packed);
  }

  message(field: number, value: Message): this {
    this.#push(varint((field << 3) | 2), varint(value.#length));
    // One by one: a training step has more pieces than a call takes arguments.
    for (const part of value.#parts) this.#push(part);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }

  #push(...parts: Uint8Array[]): this {
    for (const part of parts) {
      this.#parts.push(part);
      this.#length += part.length;
    }
    return this;
  }
}

/** Seven bits per byte, least significant first; the high bit says that more follow. */
function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
