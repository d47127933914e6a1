/** What the training interpreter passes from operation to operation. */
import type { Shape4 } from '../../model/ops.ts';
import type { Tracked } from './tape.ts';

/** A feature map, or a convolution that waits for its batch norm to be folded in. */
export class FeatureMap {
  readonly shape: Shape4;
  readonly convolution: Convolution | null;
  readonly #compute: () => Tracked;
  #tracked: Tracked | null = null;

  constructor(shape: Shape4, compute: () => Tracked, convolution: Convolution | null = null) {
    this.shape = shape;
    this.#compute = compute;
    this.convolution = convolution;
  }

  /** [n, c, h, w] */
  get tracked(): Tracked {
    this.#tracked ??= this.#compute();
    return this.#tracked;
  }
}

export interface Convolution {
  readonly input: FeatureMap;
  /** [o, c, k, k] */
  readonly kernel: Tracked;
  readonly bias: Tracked | null;
  readonly stride: number;
}
