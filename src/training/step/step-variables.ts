/** A network's variables in the state of a training step: kernels are tensors of their own, vectors share a few. */
import type { WeightArray } from '../../runtime/variables.ts';
import type { Parameter } from './differentiable-ops.ts';
import type { StepState } from './step-state.ts';
import { sizeOf } from './shapes.ts';
import { fromGraphLayout, graphShape, toGraphLayout } from './weight-layout.ts';

/** Reads and writes single variables, and what an optimiser keeps for each. */
export class StepVariables {
  readonly #parameters: ReadonlyMap<string, Parameter>;
  readonly #state: StepState;

  constructor(parameters: ReadonlyMap<string, Parameter>, state: StepState) {
    this.#parameters = parameters;
    this.#state = state;
  }

  get names(): Iterable<string> {
    return this.#parameters.keys();
  }

  /** Whether the state holds a variable's tensor with this prefix. */
  has(name: string, prefix = ''): boolean {
    const parameter = this.#parameters.get(name);
    return parameter !== undefined && this.#state.has(prefix + parameter.slot.input);
  }

  /** @returns a copy in the layout of checkpoints */
  read(name: string, prefix = ''): WeightArray {
    const { slot, shape } = this.#of(name);
    const data = this.#state.get(prefix + slot.input);
    return fromGraphLayout(data.subarray(slot.offset, slot.offset + sizeOf(shape)), shape);
  }

  /** @throws Error when the shape is another than the network's */
  write(name: string, value: WeightArray, prefix = ''): void {
    const { slot, shape } = this.#of(name);
    if (value.shape.join() !== shape.join()) {
      throw new Error(
        `Variable "${name}" is [${value.shape.join(', ')}], but the network needs [${shape.join(', ')}].`,
      );
    }
    const key = prefix + slot.input;
    if (!this.#state.has(key)) this.#allocate(key, slot.input);
    this.#state.write(key, toGraphLayout(value).data, slot.offset);
  }

  #allocate(key: string, input: string): void {
    const sharers = [...this.#parameters.values()].filter(({ slot }) => slot.input === input);
    const length = sharers.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const [first] = sharers;
    const shape = first?.name === input ? graphShape(first.shape) : [length];
    this.#state.set(key, new Float32Array(length), shape);
  }

  #of(name: string): Parameter {
    const parameter = this.#parameters.get(name);
    if (parameter === undefined) throw new Error(`The network has no variable "${name}".`);
    return parameter;
  }
}
