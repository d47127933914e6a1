/** What one training step hands to the next. */

/**
 * Variables and optimiser state by the names of the graphs' inputs. Every value has two buffers: a step reads one and writes
 * the other, since nothing orders reads and writes of one value within a graph.
 */
export class StepState {
  readonly #values = new Map<string, { now: Float32Array; next: Float32Array; shape: readonly number[] }>();

  get names(): Iterable<string> {
    return this.#values.keys();
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The current value; valid until the next step. */
  get(name: string): Float32Array {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`The training step has no "${name}".`);
    return value.now;
  }

  /** @param data is kept, not copied */
  set(name: string, data: Float32Array, shape: readonly number[]): void {
    this.#values.set(name, { now: data, next: new Float32Array(data.length), shape });
  }

  clear(): void {
    this.#values.clear();
  }

  /** Where the next value goes; null for a value that is not part of the state. */
  next(name: string): Float32Array | null {
    return this.#values.get(name)?.next ?? null;
  }

  /** The value just written becomes the current one. */
  swap(name: string): void {
    const value = this.#values.get(name);
    if (value !== undefined) [value.now, value.next] = [value.next, value.now];
  }
}
