/**
 * The optimiser's update on the processor, outside of the graph. In a graph, AdamW is eleven operations that each read and write
 * whole tensors; wasm/update.c does the same sums in one pass over memory, an eighth of the time on one thread. Weights,
 * moments and gradients lie in wasm's memory, where the graph reads and writes them, too: nothing is copied.
 */
import type { TrainingConfig } from '../training-config.ts';
import { groupOf, isKernelInput } from './network-variables.ts';
import { beta1, beta2 } from './optimiser-graph.ts';
import { sizeOf } from './shapes.ts';
import type { StepState } from './step-state.ts';
import { averagePrefix, gradientPrefix, type StepConfig } from './training-step.ts';
import { updateModule } from './wasm/update-module.ts';

/** What update.c exports. Arrays are given by their first byte. */
interface Loops {
  readonly adamw: (weight: number, m: number, v: number, gradient: number, ...more: number[]) => void;
  readonly sgd: (weight: number, velocity: number, gradient: number, ...more: number[]) => void;
  readonly average: (mean: number, weight: number, length: number, share: number) => void;
  readonly accumulate: (sum: number, gradient: number, length: number, keep: number, share: number) => void;
  readonly squares: (gradient: number, length: number) => number;
}

/** A tensor in wasm's memory. */
interface Place {
  /** First byte. */
  readonly at: number;
  /** In numbers. */
  readonly length: number;
}

/** Sum of the gradients of a batch's parts. */
const sumPrefix = 'sum/';

/** The stack of the module ends before. */
const firstByte = 65536;
const pageBytes = 65536;
/** Memory of a wasm module. */
const mostPages = 65536;

export class ProcessorUpdate {
  readonly #config: StepConfig;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #memory: WebAssembly.Memory;
  readonly #loops: Loops;
  /** Where the gradients of a whole batch are. */
  readonly #gradients: string;

  /**
   * @param shapes of the graph's inputs that are trained, by name
   * @returns null where they don't fit into a wasm module's 4 GiB
   */
  static create(
    config: StepConfig & Pick<TrainingConfig, 'accumulate'>,
    shapes: ReadonlyMap<string, readonly number[]>,
  ): ProcessorUpdate | null {
    const parts = config.accumulate ?? 1;
    const prefixes = ['', gradientPrefix, ...statePrefixes(config), ...(parts > 1 ? [sumPrefix] : [])];
    const places = new Map<string, Place>();
    let at = firstByte;
    for (const [name, shape] of shapes) {
      const length = sizeOf(shape);
      for (const prefix of prefixes) {
        places.set(prefix + name, { at, length });
        at += 4 * padded(length);
      }
    }
    const pages = Math.ceil(at / pageBytes);
    if (pages > mostPages) return null;
    const memory = new WebAssembly.Memory({ initial: pages });
    const gradients = parts > 1 ? sumPrefix : gradientPrefix;
    return new ProcessorUpdate(config, shapes, places, memory, gradients);
  }

  private constructor(
    config: StepConfig,
    shapes: ReadonlyMap<string, readonly number[]>,
    places: ReadonlyMap<string, Place>,
    memory: WebAssembly.Memory,
    gradients: string,
  ) {
    this.#config = config;
    this.#shapes = shapes;
    this.#places = places;
    this.#memory = memory;
    this.#gradients = gradients;
    const module = new WebAssembly.Module(Buffer.from(updateModule, 'base64'));
    this.#loops = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Loops;
  }

  /** Where a value of the state lies in wasm's memory; null for one that is not updated here. */
  memoryOf(name: string): Float32Array<ArrayBuffer> | null {
    const place = this.#places.get(name);
    return place === undefined ? null : new Float32Array(this.#memory.buffer, place.at, place.length);
  }

  /** Adds to a state what it lacks: moments and gradients of 0, moving averages that start at the weights. */
  prepare(state: StepState): void {
    for (const [name, shape] of this.#shapes) {
      for (const prefix of [gradientPrefix, ...statePrefixes(this.#config)]) {
        if (state.has(prefix + name)) continue;
        const data = prefix === averagePrefix ? state.get(name) : new Float32Array(sizeOf(shape));
        state.set(prefix + name, data, shape);
      }
    }
  }

  /**
   * Adds the gradients of a batch's part.
   * @param keep how much of the sum counts: 0 for the first part, then 1
   * @param share of the part in its batch
   */
  accumulate(keep: number, share: number): void {
    for (const name of this.#shapes.keys()) {
      const { at, length } = this.#at(sumPrefix + name);
      this.#loops.accumulate(at, this.#at(gradientPrefix + name).at, padded(length), keep, share);
    }
  }

  /** Updates weights, moments and averages. @param scalars see `stepScalars` */
  update(scalars: ReadonlyMap<string, number>): void {
    const { averageWeights } = this.#config;
    const scale = this.#scale();
    for (const name of this.#shapes.keys()) {
      this.#updateOne(name, scale, scalars);
      if (averageWeights === undefined) continue;
      const { at, length } = this.#at(name);
      this.#loops.average(this.#at(averagePrefix + name).at, at, padded(length), 1 - averageWeights);
    }
  }

  #updateOne(name: string, scale: number, scalars: ReadonlyMap<string, number>): void {
    const { optimiser } = this.#config;
    const { at, length } = this.#at(name);
    const gradient = this.#at(this.#gradients + name).at;
    const group = groupOf(name);
    const decays = isKernelInput(name) && optimiser.weightDecay > 0;
    const scalar = (key: string): number => scalars.get(key) ?? NaN;
    const rate = scalar(`rate/${group}`);
    const size = padded(length);
    if (optimiser.kind === 'sgd') {
      const decay = decays ? optimiser.weightDecay : 0;
      const velocity = this.#at(`velocity/${name}`).at;
      this.#loops.sgd(at, velocity, gradient, size, scale, rate, optimiser.momentum, decay);
      return;
    }
    const [m, v] = [this.#at(`m/${name}`).at, this.#at(`v/${name}`).at];
    const keep = decays ? scalar(`keep/${group}`) : 1;
    const rule = [rate, keep, scalar('epsilon'), beta1, 1 - beta1, beta2, 1 - beta2];
    this.#loops.adamw(at, m, v, gradient, size, scale, ...rule);
  }

  /** What brings the common norm of the gradients down to the configuration's limit. */
  #scale(): number {
    const { clipNorm } = this.#config;
    if (clipNorm === undefined) return 1;
    let sum = 0;
    for (const name of this.#shapes.keys()) {
      const { at, length } = this.#at(this.#gradients + name);
      sum += this.#loops.squares(at, padded(length));
    }
    return Math.min(1, clipNorm / Math.max(Math.sqrt(sum), 1e-12));
  }

  #at(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`The update has no "${name}".`);
    return place;
  }
}

/** What the optimiser keeps for a variable, and the variable's moving average. */
function statePrefixes({ optimiser, averageWeights }: StepConfig): string[] {
  const own = optimiser.kind === 'sgd' ? ['velocity/'] : ['m/', 'v/'];
  return averageWeights === undefined ? own : [...own, averagePrefix];
}

/** Loops take four numbers at a time. */
function padded(length: number): number {
  return 4 * Math.ceil(length / 4);
}
