/** What one training step hands to the next. */
import type { Tensor } from 'onnxruntime-node';

interface StateValue {
  readonly shape: readonly number[];
  /** In this process's memory; null while only `kept` is current. */
  now: Float32Array | null;
  /** Where a step writes; allocated when first needed. */
  spare: Float32Array | null;
  /** The current value in the provider's memory; null when it is not there. */
  kept: Tensor | null;
}

/**
 * Variables and optimiser state by the names of the graphs' inputs.
 *
 * In this process's memory, every value has two buffers: a step reads one and writes the other, since nothing orders reads and
 * writes of one value within a graph. Values with a place of their own (`memoryOf`) have one, since no graph reads and
 * writes them. In a provider's memory, a step returns a new tensor and the old one is freed.
 */
export class StepState {
  readonly #values = new Map<string, StateValue>();
  readonly #memoryOf: (name: string) => Float32Array | null;

  /** @param memoryOf where a value lies; null for anywhere */
  constructor(memoryOf: (name: string) => Float32Array | null = () => null) {
    this.#memoryOf = memoryOf;
  }

  get names(): Iterable<string> {
    return this.#values.keys();
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  shape(name: string): readonly number[] {
    return this.#of(name).shape;
  }

  /**
   * The current value, to read; valid until the next step.
   * @throws Error when it is only in the provider's memory: `StateReader` reads it back.
   */
  get(name: string): Float32Array {
    const { now } = this.#of(name);
    if (now === null) throw new Error(`The training step's "${name}" has not been read back.`);
    return now;
  }

  /** @param data is kept, not copied, unless the value has a place of its own */
  set(name: string, data: Float32Array, shape: readonly number[]): void {
    this.#values.get(name)?.kept?.dispose();
    const own = this.#memoryOf(name);
    own?.set(data);
    this.#values.set(name, { shape, now: own ?? data, spare: own, kept: null });
  }

  /** Overwrites part of a value. */
  write(name: string, data: Float32Array, offset: number): void {
    this.get(name).set(data, offset);
    this.#keep(this.#of(name), null);
  }

  clear(): void {
    for (const { kept } of this.#values.values()) kept?.dispose();
    this.#values.clear();
  }

  /** The current value in the provider's memory; null if it is not there. */
  kept(name: string): Tensor | null {
    return this.#of(name).kept;
  }

  /** Values that are only in the provider's memory. */
  get unread(): string[] {
    return [...this.#values].flatMap(([name, { now }]) => (now === null ? [name] : []));
  }

  /** A step has returned the next value in the provider's memory. */
  advance(name: string, tensor: Tensor): void {
    const value = this.#of(name);
    value.spare ??= value.now;
    value.now = null;
    this.#keep(value, tensor);
  }

  /** The current value has been copied to the provider's memory. */
  copied(name: string, tensor: Tensor): void {
    this.#keep(this.#of(name), tensor);
  }

  /** Where the next or a read value goes in this process's memory; null for a name that is not part of the state. */
  spare(name: string): Float32Array | null {
    const value = this.#values.get(name);
    if (value === undefined) return null;
    value.spare ??= new Float32Array(value.shape.reduce((product, side) => product * side, 1));
    return value.spare;
  }

  /** A step has written the next value to its spare buffer. */
  swap(name: string): void {
    this.#turn(name);
    this.#keep(this.#of(name), null);
  }

  /** The current value has been read back to its spare buffer. */
  read(name: string): void {
    this.#turn(name);
  }

  #turn(name: string): void {
    const value = this.#of(name);
    [value.now, value.spare] = [this.spare(name), value.now];
  }

  #keep(value: StateValue, tensor: Tensor | null): void {
    if (value.kept !== tensor) value.kept?.dispose();
    value.kept = tensor;
  }

  #of(name: string): StateValue {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`The training step has no "${name}".`);
    return value;
  }
}
