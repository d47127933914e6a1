/** Reads the nodes of a model's topology with checks: each access names the node that is not as expected. */
import type { ModelFiles } from '../model-files.ts';
import { ModelError } from '../manifest.ts';
import { storedConstants, type StoredConstant } from '../model-constants.ts';
import { NodeAttributes, type TopologyNode } from '../node-attributes.ts';
import type { Weight } from './graph.ts';

export class TopologyReader {
  readonly nodes: readonly TopologyNode[];
  readonly #byName: ReadonlyMap<string, TopologyNode>;
  readonly #constants: ReadonlyMap<string, StoredConstant>;
  /** One object for each constant, so that two layers that share weights still share them. */
  readonly #weights = new Map<string, Weight>();
  readonly #file: string;

  /** @param file names the graph in errors. */
  constructor(files: ModelFiles, file: string) {
    const { graph } = files;
    this.nodes = graph.modelTopology.node;
    this.#byName = new Map(this.nodes.map((node) => [node.name, node]));
    this.#constants = storedConstants(files);
    this.#file = file;
  }

  /** The node's attributes. */
  attributes(node: TopologyNode): NodeAttributes {
    return new NodeAttributes(node.attr ?? {});
  }

  /** Name of the node's input at `index`. @throws ModelError `bad-graph` when there is none. */
  input(node: TopologyNode, index: number): string {
    const name = node.input?.[index];
    if (name === undefined) throw this.unknown(node, `it has no input ${index}`);
    return name;
  }

  /** The operation that computes the node's input at `index`; undefined when no node has that name. */
  inputOp(node: TopologyNode, index: number): string | undefined {
    return this.#byName.get(node.input?.[index] ?? '')?.op;
  }

  /** The node that computes the input at `index`. @throws ModelError `bad-graph` when it is not an `op`. */
  inner(node: TopologyNode, index: number, op: string): TopologyNode {
    const name = this.input(node, index);
    const found = this.#byName.get(name);
    if (found?.op !== op) throw this.unknown(node, `its input ${name} is not ${op}`);
    return found;
  }

  /**
   * The constant float input at `index`, not decoded yet.
   * @param rank its number of dimensions
   * @throws ModelError `bad-graph` when it is anything else.
   */
  weight(node: TopologyNode, index: number, rank: number): Weight {
    const name = this.input(node, index);
    const known = this.#weights.get(name);
    const constant = this.#constants.get(name);
    if (constant?.dtype !== 'float32' || constant.shape.length !== rank) {
      throw this.unknown(node, `its input ${name} is not a constant of ${rank} dimensions`);
    }
    const { shape, data } = constant;
    const weight = known ?? { name, shape, data: () => data() as Float32Array };
    this.#weights.set(name, weight);
    return weight;
  }

  /** The values of the constant input at `index`. @throws ModelError `bad-graph` when it is not a constant. */
  values(node: TopologyNode, index: number): number[] {
    const name = this.input(node, index);
    const constant = this.#constants.get(name);
    if (constant === undefined) throw this.unknown(node, `its input ${name} is not a constant`);
    return Array.from(constant.data());
  }

  /** Whether the input at `index` is a constant. */
  isConstant(node: TopologyNode, index: number): boolean {
    return this.#constants.has(node.input?.[index] ?? '');
  }

  /** @throws ModelError `bad-graph` unless the constant input at `index` has exactly these values. */
  expectValues(node: TopologyNode, index: number, expected: readonly number[]): void {
    const values = this.values(node, index);
    if (values.length === expected.length && values.every((value, i) => value === expected[i])) return;
    throw this.unknown(node, `its input ${this.input(node, index)} is not ${expected.join(', ')}`);
  }

  /** The error that a node is not as this version writes it. */
  unknown(node: TopologyNode, what: string, cause?: unknown): ModelError {
    return new ModelError(
      'bad-graph',
      this.#file,
      `This version can’t read the node "${node.name}" (${node.op}): ${what}.`,
      'Export the model again with this version of Dualscope.',
      { cause },
    );
  }
}
