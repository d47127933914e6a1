import { ModelError } from '../manifest.ts';
import type { GraphNode, Weight } from './graph.ts';

/**
 * Unique names for the values and weights of a graph being written. A label is its value's name, unchanged;
 * everything else is named after its layer, with a number if that name is taken.
 */
export class Names {
  readonly #taken = new Set<string>();
  readonly #nodes = new Map<GraphNode, string>();
  readonly #weights = new Map<Weight, string>();

  /** @throws ModelError `bad-graph` when two values have the same label. */
  constructor(order: readonly GraphNode[]) {
    for (const node of order) {
      if (node.label === null) continue;
      if (this.#taken.has(node.label)) {
        throw new ModelError(
          'bad-graph',
          node.label,
          'Two values of the network have this label.',
          'Give every label of the network a unique name.',
        );
      }
      this.#taken.add(node.label);
      this.#nodes.set(node, node.label);
    }
  }

  of(node: GraphNode): string {
    let name = this.#nodes.get(node);
    if (name === undefined) {
      name = this.free(node.scope);
      this.#nodes.set(node, name);
    }
    return name;
  }

  /** The name of a weight, and whether it has been requested before (and so is already in the graph). */
  ofWeight(weight: Weight): { name: string; known: boolean } {
    const known = this.#weights.get(weight);
    if (known !== undefined) return { name: known, known: true };
    const name = this.free(weight.name);
    this.#weights.set(weight, name);
    return { name, known: false };
  }

  /** A name unique in the graph: `wish`, or `wish_1`, `wish_2`, … */
  free(wish: string): string {
    let name = wish;
    for (let number = 1; this.#taken.has(name); number++) name = `${wish}_${number}`;
    this.#taken.add(name);
    return name;
  }
}
