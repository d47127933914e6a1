/** What changes weights by their gradients, and can be saved and continued exactly. */
import type { WeightArray } from '../runtime/variables.ts';

export interface Optimiser {
  /** Steps taken. */
  readonly step: number;
  /** Begins a step: call once, then `update` for every variable. */
  begin(): void;
  /**
   * Changes `weight.data` in place by its gradient.
   * @param gradient as long as the weight
   */
  update(name: string, weight: WeightArray, gradient: ArrayLike<number>, learningRate: number): void;
  /** The state, by name. */
  read(): Map<string, WeightArray>;
  /** Continues from `read` and the step it was taken at. */
  load(step: number, state: ReadonlyMap<string, WeightArray>): void;
}
