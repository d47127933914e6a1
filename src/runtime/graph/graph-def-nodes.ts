/** The nodes and constants of a GraphDef under construction. */
import type { GraphNode, Weight } from './graph.ts';
import { Names } from './names.ts';

export type Attribute =
  | { readonly type: 'DT_FLOAT' | 'DT_INT32' }
  | { readonly b: boolean }
  | { readonly i: string }
  | { readonly f: number }
  | { readonly s: string }
  | { readonly shape: { readonly dim: readonly { readonly size: string }[] } }
  | { readonly list: { readonly i: readonly string[] } | { readonly s: readonly string[] } };

/** A node of a GraphDef in protobuf's JSON form. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** A constant of the graph, whose values go to the weight shards. */
export type Constant =
  | {
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: 'int32';
      readonly data: () => Int32Array;
    }
  | {
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: 'float32';
      readonly data: () => Float32Array;
      /** May be stored in half precision: a kernel, not a bias, bound or input scale. */
      readonly large: boolean;
    };

export const floatType = { type: 'DT_FLOAT' } as const;
export const intType = { type: 'DT_INT32' } as const;

export class GraphDefNodes {
  readonly nodes: NodeDef[] = [];
  readonly constants: Constant[] = [];
  readonly names: Names;

  /** @throws ModelError `bad-graph` when two values have the same label. */
  constructor(order: readonly GraphNode[]) {
    this.names = new Names(order);
  }

  /** Adds an inner node of floats under a free name. @returns the name. */
  add(op: string, wish: string, input: readonly string[], attr: Record<string, Attribute> = {}): string {
    const name = this.names.free(wish);
    this.node(name, op, input, { T: floatType, ...attr });
    return name;
  }

  node(name: string, op: string, input: readonly string[], attr: Record<string, Attribute>): void {
    this.nodes.push({ name, op, input, attr });
  }

  weight(weight: Weight, large: boolean): string {
    const { name, known } = this.names.ofWeight(weight);
    if (!known) this.#constant({ name, shape: weight.shape, dtype: 'float32', data: weight.data, large });
    return name;
  }

  /** An integer constant. @returns its name. */
  ints(wish: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    const name = this.names.free(wish);
    this.#constant({ name, shape, dtype: 'int32', data: () => Int32Array.from(values) });
    return name;
  }

  floats(wish: string, values: readonly number[], shape: readonly number[]): string {
    const name = this.names.free(wish);
    this.#constant({ name, shape, dtype: 'float32', data: () => Float32Array.from(values), large: false });
    return name;
  }

  #constant(constant: Constant): void {
    this.constants.push(constant);
    const dim = constant.shape.map((size) => ({ size: String(size) }));
    const dtype = constant.dtype === 'int32' ? intType : floatType;
    // The values are in the weight shards; TF.js finds them by the node's name.
    this.node(constant.name, 'Const', [], { dtype, shape: { shape: { dim } } });
  }
}

export function ints(values: readonly number[]): Attribute {
  return { list: { i: values.map(String) } };
}

export function string(value: string): Attribute {
  return { s: base64(value) };
}

/** Protobuf's JSON form writes byte strings in base64. */
export function base64(value: string): string {
  return btoa(value);
}
