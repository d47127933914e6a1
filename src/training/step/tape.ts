/**
 * Reverse-mode differentiation: the forward computation is recorded once, and the backward computation is derived from the
 * record. Both are nodes of one graph.
 */
import type { Value } from './onnx-graph.ts';
import type { TensorGraph } from './tensor-graph.ts';

/** A value of the forward computation. */
export class Tracked {
  readonly value: Value;
  /** false for images, masks and values computed from them alone. */
  readonly needsGradient: boolean;

  constructor(value: Value, needsGradient: boolean) {
    this.value = value;
    this.needsGradient = needsGradient;
  }
}

/** Adds what an operation's results pass on to its arguments. A gradient is null where nothing depends on that result. */
export type PullBack = (gradients: readonly (Value | null)[]) => void;

export class Tape {
  readonly graph: TensorGraph;
  readonly #operations: { readonly results: readonly Tracked[]; readonly pullBack: PullBack }[] = [];
  readonly #contributions = new Map<Tracked, Value[]>();

  constructor(graph: TensorGraph) {
    this.graph = graph;
  }

  /**
   * An operation with one result.
   * @param pullBack contributes to the arguments; never called if none of them needs a gradient.
   */
  record(value: Value, args: readonly Tracked[], pullBack: (gradient: Value) => void): Tracked {
    const result = new Tracked(
      value,
      args.some(({ needsGradient }) => needsGradient),
    );
    this.recordAll([result], ([gradient]) => {
      if (gradient !== null && gradient !== undefined) pullBack(gradient);
    });
    return result;
  }

  /** An operation with several results. */
  recordAll(results: readonly Tracked[], pullBack: PullBack): void {
    if (results.some(({ needsGradient }) => needsGradient)) this.#operations.push({ results, pullBack });
  }

  /** Adds to the gradient of a value. */
  contribute(to: Tracked, gradient: Value): void {
    if (!to.needsGradient) return;
    const known = this.#contributions.get(to);
    if (known === undefined) this.#contributions.set(to, [gradient]);
    else known.push(gradient);
  }

  /** As `contribute`, but computes the gradient only where it is needed. */
  pass(to: Tracked, gradient: () => Value): void {
    if (to.needsGradient) this.contribute(to, gradient());
  }

  /** Derives the backward computation from the contributions so far. Call once. */
  backward(): void {
    for (const { results, pullBack } of this.#operations.reverse()) {
      const gradients = results.map((result) => this.gradient(result));
      if (gradients.some((gradient) => gradient !== null)) pullBack(gradients);
    }
  }

  /** The sum of all contributions to a value; null if there is none. */
  gradient(of: Tracked): Value | null {
    const contributions = this.#contributions.get(of);
    if (contributions === undefined) return null;
    const sum = this.graph.sum(contributions);
    this.#contributions.set(of, [sum]);
    return sum;
  }
}
