/**
 * AdamW (Loshchilov & Hutter 2019) on plain arrays. A network has hundreds of small variables: a dozen
 * kernels for each would cost more than the arithmetic, and its state would have to be copied for checkpoints.
 */
import type { WeightArray } from '../runtime/variables.ts';
import type { Optimiser } from './optimiser.ts';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Per step and unit of learning rate; kernels only, not biases and batch norms. */
  readonly weightDecay: number;
}

interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

export class AdamW implements Optimiser {
  /** Steps taken. */
  step = 0;
  private readonly moments = new Map<string, Moments>();
  private readonly shapes = new Map<string, readonly number[]>();

  constructor(private readonly options: AdamWOptions) {}

  /** Begins a step: call once, then `update` for every variable. */
  begin(): void {
    this.step++;
  }

  /**
   * Changes `weight.data` in place by its gradient.
   * @param gradient as long as the weight
   */
  update(name: string, weight: WeightArray, gradient: ArrayLike<number>, learningRate: number): void {
    const { beta1, beta2, epsilon, weightDecay } = this.options;
    const { data, shape } = weight;
    const { m, v } = this.momentsOf(name, shape, data.length);
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

  /** Both moments of every variable under `m/<name>` and `v/<name>`. */
  read(): Map<string, WeightArray> {
    const state = new Map<string, WeightArray>();
    for (const [name, { m, v }] of this.moments) {
      const shape = this.shapes.get(name)!;
      state.set(`m/${name}`, { shape, data: m.slice() });
      state.set(`v/${name}`, { shape, data: v.slice() });
    }
    return state;
  }

  /** Continues from `read` and the step it was taken at. */
  load(step: number, state: ReadonlyMap<string, WeightArray>): void {
    this.step = step;
    for (const [key, { shape, data }] of state) {
      const { m, v } = this.momentsOf(key.slice(2), shape, data.length);
      (key.startsWith('m/') ? m : v).set(data);
    }
  }

  private momentsOf(name: string, shape: readonly number[], length: number): Moments {
    let pair = this.moments.get(name);
    if (pair === undefined) {
      pair = { m: new Float32Array(length), v: new Float32Array(length) };
      this.moments.set(name, pair);
      this.shapes.set(name, shape);
    }
    return pair;
  }
}
