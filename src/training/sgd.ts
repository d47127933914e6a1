/**
 * Stochastic gradient descent with momentum as PyTorch and the RefineNet authors write it: v = momentum * v + g, with the
 * weight's own decay in g; weight -= rate * v. On plain arrays, like AdamW.
 */
import type { WeightArray } from '../runtime/variables.ts';
import type { Optimiser } from './optimiser.ts';

export interface SgdOptions {
  readonly momentum: number;
  /** Added to the gradient per unit of weight; kernels only, not biases and batch norms. */
  readonly weightDecay: number;
}

export class Sgd implements Optimiser {
  step = 0;
  private readonly velocities = new Map<string, WeightArray>();

  constructor(private readonly options: SgdOptions) {}

  begin(): void {
    this.step++;
  }

  update(name: string, weight: WeightArray, gradient: ArrayLike<number>, learningRate: number): void {
    const { data, shape } = weight;
    const { momentum } = this.options;
    const decay = shape.length > 1 ? this.options.weightDecay : 0;
    let velocity = this.velocities.get(name);
    if (velocity === undefined) {
      velocity = { shape, data: new Float32Array(data.length) };
      this.velocities.set(name, velocity);
    }
    const v = velocity.data;
    for (let i = 0; i < data.length; i++) {
      v[i] = momentum * v[i]! + gradient[i]! + decay * data[i]!;
      data[i] = data[i]! - learningRate * v[i]!;
    }
  }

  read(): Map<string, WeightArray> {
    return new Map(
      [...this.velocities].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
    );
  }

  load(step: number, state: ReadonlyMap<string, WeightArray>): void {
    this.step = step;
    for (const [name, { shape, data }] of state) this.velocities.set(name, { shape, data: data.slice() });
  }
}
