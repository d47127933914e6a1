/**
 * Optimisers and their learning rates. Optimisers work on plain arrays and can be saved and resumed exactly.
 */
import type { WeightArray } from '../runtime/variables.ts';
import type { TrainingConfig } from './training-config.ts';

/** Updates weights from their gradients. */
export interface Optimiser {
  /** Steps taken. */
  readonly step: number;
  /** Begins a step: call once, then `update` for every variable. */
  begin(): void;
  /**
   * Updates `weight.data` in place.
   * @param gradient same length as the weight
   */
  update(name: string, weight: WeightArray, gradient: ArrayLike<number>, learningRate: number): void;
  /** The state, by name. */
  read(): Map<string, WeightArray>;
  /** Restores the state of `read` and the step at which it was read. */
  load(step: number, state: ReadonlyMap<string, WeightArray>): void;
}

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Per step and unit of learning rate. Applies to kernels only, not to biases and batch norms. */
  readonly weightDecay: number;
}

interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/**
 * AdamW (Loshchilov & Hutter 2019). A network has hundreds of small variables: a dozen TF.js kernels for each
 * would cost more than the arithmetic, and the state would have to be copied for checkpoints.
 */
export class AdamW implements Optimiser {
  step = 0;
  readonly #moments = new Map<string, Moments>();
  readonly #shapes = new Map<string, readonly number[]>();

  readonly #options: AdamWOptions;

  constructor(options: AdamWOptions) {
    this.#options = options;
  }

  begin(): void {
    this.step++;
  }

  update(name: string, weight: WeightArray, gradient: ArrayLike<number>, learningRate: number): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    const { data, shape } = weight;
    const { m, v } = this.#momentsOf(name, shape, data.length);
    const unbias = Math.sqrt(1 - beta2 ** this.step);
    const rate = (learningRate * unbias) / (1 - beta1 ** this.step);
    const keep = shape.length > 1 ? 1 - learningRate * weightDecay : 1;
    for (let i = 0; i < data.length; i++) {
      const g = gradient[i]!;
      const mean = beta1 * m[i]! + (1 - beta1) * g;
      const square = beta2 * v[i]! + (1 - beta2) * g * g;
      m[i] = mean;
      v[i] = square;
      data[i] = keep * data[i]! - (rate * mean) / (Math.sqrt(square) + epsilon * unbias);
    }
  }

  /** Both moments of every variable, as `m/<name>` and `v/<name>`. */
  read(): Map<string, WeightArray> {
    const state = new Map<string, WeightArray>();
    for (const [name, { m, v }] of this.#moments) {
      const shape = this.#shapes.get(name)!;
      state.set(`m/${name}`, { shape, data: m.slice() });
      state.set(`v/${name}`, { shape, data: v.slice() });
    }
    return state;
  }

  load(step: number, state: ReadonlyMap<string, WeightArray>): void {
    this.step = step;
    for (const [key, { shape, data }] of state) {
      const { m, v } = this.#momentsOf(key.slice(2), shape, data.length);
      (key.startsWith('m/') ? m : v).set(data);
    }
  }

  #momentsOf(name: string, shape: readonly number[], length: number): Moments {
    let pair = this.#moments.get(name);
    if (pair === undefined) {
      pair = { m: new Float32Array(length), v: new Float32Array(length) };
      this.#moments.set(name, pair);
      this.#shapes.set(name, shape);
    }
    return pair;
  }
}

export interface SgdOptions {
  readonly momentum: number;
  /** Added to the gradient per unit of weight. Applies to kernels only, not to biases and batch norms. */
  readonly weightDecay: number;
}

/**
 * Stochastic gradient descent with momentum in the form of PyTorch and the RefineNet authors: v = momentum *
 * v + g, where g includes the weight decay; weight -= rate * v.
 */
export class Sgd implements Optimiser {
  step = 0;
  readonly #velocities = new Map<string, WeightArray>();

  readonly #options: SgdOptions;

  constructor(options: SgdOptions) {
    this.#options = options;
  }

  begin(): void {
    this.step++;
  }

  update(name: string, weight: WeightArray, gradient: ArrayLike<number>, learningRate: number): void {
    const { data, shape } = weight;
    const { momentum } = this.#options;
    const decay = shape.length > 1 ? this.#options.weightDecay : 0;
    let velocity = this.#velocities.get(name);
    if (velocity === undefined) {
      velocity = { shape, data: new Float32Array(data.length) };
      this.#velocities.set(name, velocity);
    }
    const v = velocity.data;
    for (let i = 0; i < data.length; i++) {
      v[i] = momentum * v[i]! + gradient[i]! + decay * data[i]!;
      data[i] = data[i]! - learningRate * v[i]!;
    }
  }

  read(): Map<string, WeightArray> {
    return new Map(
      [...this.#velocities].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
    );
  }

  load(step: number, state: ReadonlyMap<string, WeightArray>): void {
    this.step = step;
    for (const [name, { shape, data }] of state) this.#velocities.set(name, { shape, data: data.slice() });
  }
}

/** The optimiser of a configuration. */
export function createOptimiser({ optimiser }: Pick<TrainingConfig, 'optimiser'>): Optimiser {
  const { weightDecay } = optimiser;
  return optimiser.kind === 'sgd'
    ? new Sgd({ momentum: optimiser.momentum, weightDecay })
    : new AdamW({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay });
}

/** Encoders may learn at a rate different from that of all other variables. */
export interface LearningRates {
  readonly encoder: number;
  readonly decoder: number;
}

/** @param step from 0 */
export function learningRatesAt(
  step: number,
  config: Pick<TrainingConfig, 'steps' | 'optimiser'>,
): LearningRates {
  const { steps, optimiser } = config;
  if (optimiser.kind === 'sgd') {
    let end = 0;
    const stage =
      optimiser.stages.find(({ steps: length }) => step < (end += length)) ?? optimiser.stages.at(-1)!;
    return { encoder: stage.encoderRate, decoder: stage.decoderRate };
  }
  const { learningRate, warmup, encoderRate = 1 } = optimiser;
  const decoder = learningRate * shareAt(step, steps, warmup);
  return { encoder: decoder * encoderRate, decoder };
}

/** Linear warm-up to 1, then a cosine decay to 0.01. */
function shareAt(step: number, steps: number, warmup: number): number {
  if (step < warmup) return (step + 1) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return 0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}

/** Whether a variable belongs to an encoder, judged by its name. */
export function isEncoderVariable(variable: string): boolean {
  return /^(slice|context)\/encoder\//.test(variable);
}
