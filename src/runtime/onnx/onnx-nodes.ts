/** The nodes and constants of an ONNX graph under construction. */
import { toFloat16 } from '../graph/float16.ts';
import type { GraphNode, Weight } from '../graph/graph.ts';
import { Names } from '../graph/names.ts';
import type { WeightType } from '../graph/weight-shards.ts';
import type { AttributeValue, OnnxNode, OnnxTensor } from './onnx-messages.ts';

export class OnnxNodes {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly names: Names;
  readonly #dtype: WeightType;

  /** @throws ModelError `bad-graph` on two equal labels. */
  constructor(order: readonly GraphNode[], dtype: WeightType) {
    this.#dtype = dtype;
    this.names = new Names(order);
  }

  /** A weight's values under its name; a large one in half precision if requested. @returns the name. */
  weight(weight: Weight, shape: readonly number[], data: () => Float32Array, large = false): string {
    const { name, known } = this.names.ofWeight(weight);
    if (known) return name;
    if (!large || this.#dtype === 'float32') {
      this.initializers.push({ name, type: 'float32', shape, data: bytesOf(data()) });
      return name;
    }
    const stored = this.names.free(`${name}/float16`);
    this.initializers.push({ name: stored, type: 'float16', shape, data: bytesOf(toFloat16(data())) });
    this.node('Cast', name, [stored], { to: { int: 1 } });
    return name;
  }

  floats(wish: string, values: Float32Array, shape: readonly number[]): string {
    const name = this.names.free(wish);
    this.initializers.push({ name, type: 'float32', shape, data: bytesOf(values) });
    return name;
  }

  int64s(wish: string, values: readonly number[]): string {
    const name = this.names.free(wish);
    const data = bytesOf(BigInt64Array.from(values, BigInt));
    this.initializers.push({ name, type: 'int64', shape: [values.length], data });
    return name;
  }

  /** Adds an inner node under a free name. @returns the name. */
  add(
    op: string,
    wish: string,
    inputs: readonly string[],
    attributes?: Record<string, AttributeValue>,
  ): string {
    const name = this.names.free(wish);
    this.node(op, name, inputs, attributes);
    return name;
  }

  node(
    op: string,
    output: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
  ): void {
    this.nodes.push({ op, inputs, outputs: [output], attributes });
  }
}

export function bytesOf(values: Float32Array | Int32Array | Uint16Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
