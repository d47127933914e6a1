/**
 * Optimisers as nodes of a graph, for graphics cards; `ProcessorUpdate` is the processor's. The state of variable `w` is fed and returned as `m/w`, `v/w` or `velocity/w`; what changes from
 * step to step (learning rates, corrections) is fed as scalars.
 */
import type { LearningRates } from '../learning-rates.ts';
import type { TrainingConfig } from '../training-config.ts';
import type { Value } from './onnx-graph.ts';
import type { TensorGraph } from './tensor-graph.ts';

export interface Update {
  readonly weight: Value;
  /** The optimiser's new state by name. */
  readonly state: ReadonlyMap<string, Value>;
}

type OptimiserConfig = Pick<TrainingConfig, 'optimiser'>;

export const beta1 = 0.9;
export const beta2 = 0.999;
const epsilon = 1e-8;

/** Names of the scalars of `stepScalars`, which the graph reads. */
const groups = ['encoder', 'decoder'] as const;

/** The nodes that update one variable. */
export class OptimiserGraph {
  readonly #graph: TensorGraph;
  readonly #config: OptimiserConfig;
  readonly #scalars = new Map<string, Value>();

  constructor(graph: TensorGraph, config: OptimiserConfig) {
    this.#graph = graph;
    this.#config = config;
  }

  /**
   * @param group whose learning rate applies
   * @param isKernel whether weight decay applies: not to biases and batch norms
   * @param gradient same shape as the weight
   */
  update(
    name: string,
    weight: Value,
    gradient: Value,
    group: keyof LearningRates,
    isKernel: boolean,
  ): Update {
    const { optimiser } = this.#config;
    return optimiser.kind === 'sgd'
      ? this.#sgd(name, weight, gradient, group, isKernel ? optimiser.weightDecay : 0, optimiser.momentum)
      : this.#adamW(name, weight, gradient, group, isKernel && optimiser.weightDecay > 0);
  }

  /** AdamW (Loshchilov & Hutter 2019). The corrections of the moments are in the fed rate. */
  #adamW(name: string, weight: Value, gradient: Value, group: string, decays: boolean): Update {
    const graph = this.#graph;
    const [mName, vName] = [`m/${name}`, `v/${name}`];
    const scaled = (x: Value, factor: number): Value => graph.mul(x, graph.scalar(factor));
    const m = graph.add(scaled(graph.input(mName, weight.shape), beta1), scaled(gradient, 1 - beta1));
    const v = graph.add(
      scaled(graph.input(vName, weight.shape), beta2),
      graph.mul(scaled(gradient, 1 - beta2), gradient),
    );
    const spread = graph.add(graph.unary('Sqrt', v), this.#scalar('epsilon'));
    const change = graph.div(graph.mul(m, this.#scalar(`rate/${group}`)), spread);
    const kept = decays ? graph.mul(weight, this.#scalar(`keep/${group}`)) : weight;
    return {
      weight: graph.sub(kept, change),
      state: new Map([
        [mName, m],
        [vName, v],
      ]),
    };
  }

  /**
   * Momentum in the form of PyTorch and the RefineNet authors: v = momentum · v + g, where g includes the weight decay;
   * weight −= rate · v.
   */
  #sgd(name: string, weight: Value, gradient: Value, group: string, decay: number, momentum: number): Update {
    const graph = this.#graph;
    const kept = graph.mul(graph.input(`velocity/${name}`, weight.shape), graph.scalar(momentum));
    const decayed = decay === 0 ? gradient : graph.add(gradient, graph.mul(weight, graph.scalar(decay)));
    const velocity = graph.add(kept, decayed);
    return {
      weight: graph.sub(weight, graph.mul(velocity, this.#scalar(`rate/${group}`))),
      state: new Map([[`velocity/${name}`, velocity]]),
    };
  }

  #scalar(name: string): Value {
    const known = this.#scalars.get(name);
    if (known !== undefined) return known;
    const value = this.#graph.input(name, []);
    this.#scalars.set(name, value);
    return value;
  }
}

/**
 * The scalars of a step, by the names of the graph's inputs; the graph may lack some.
 * @param step from 1
 */
export function stepScalars(
  step: number,
  rates: LearningRates,
  { optimiser }: OptimiserConfig,
): Map<string, number> {
  const scalars = new Map<string, number>();
  if (optimiser.kind === 'sgd') {
    for (const group of groups) scalars.set(`rate/${group}`, rates[group]);
    return scalars;
  }
  const unbias = Math.sqrt(1 - beta2 ** step);
  scalars.set('epsilon', epsilon * unbias);
  for (const group of groups) {
    scalars.set(`rate/${group}`, (rates[group] * unbias) / (1 - beta1 ** step));
    scalars.set(`keep/${group}`, 1 - rates[group] * optimiser.weightDecay);
  }
  return scalars;
}

/**
 * Gradients scaled so that their common norm is at most `limit`.
 * @returns the gradients in order
 */
export function clipped(graph: TensorGraph, gradients: readonly Value[], limit: number): Value[] {
  const squares = gradients.map((gradient) => {
    const axes = gradient.shape.map((_, axis) => axis);
    return graph.node('ReduceSumSquare', [gradient, graph.int64s(axes)], [], { keepdims: { int: 0 } });
  });
  const norm = graph.unary('Sqrt', graph.sum(squares));
  const scale = graph.min(
    graph.scalar(1),
    graph.div(graph.scalar(limit), graph.max(norm, graph.scalar(1e-12))),
  );
  return gradients.map((gradient) => graph.mul(gradient, scale));
}
