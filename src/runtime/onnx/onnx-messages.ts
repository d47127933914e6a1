/** The ONNX messages (onnx.proto3) that a network needs, by their field numbers. */
import { Message } from './protobuf.ts';

/** TensorProto.DataType */
export const dataTypes = { float32: 1, int32: 6, int64: 7, float16: 10 } as const;
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
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Little-endian. */
  readonly data: Uint8Array;
}

export interface OnnxGraph {
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
    readonly metadata: Readonly<Record<string, string>>;
  },
): Uint8Array<ArrayBuffer> {
  const model = new Message()
    .int(1, 8) // ir_version 8: ONNX 1.10 and newer
    .string(2, options.producer)
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

function encodeValue({ name, type, shape }: OnnxValue): Message {
  const dimensions = new Message();
  for (const side of shape) {
    dimensions.message(
      1,
      typeof side === 'number' ? new Message().int(1, side) : new Message().string(2, side),
    );
  }
  const tensor = new Message().int(1, dataTypes[type]).message(2, dimensions);
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}
