/** Trainable variables and moving statistics of a network, by name, with reproducible initial values. */
import * as tf from '@tensorflow/tfjs-core';
import type { ConvSpec } from '../model/ops.ts';

/** Weights independent of any backend, for export, saving and loading. */
export interface WeightArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export type Weights = ReadonlyMap<string, WeightArray>;

export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  /** Normal with standard deviation sqrt(gain / fanIn). */
  | { readonly kind: 'normal'; readonly gain: number; readonly fanIn: number };

const initialGain = { he: 2, glorot: 1, residual: 0.02 } as const;

/** @param channels that the convolution reads */
export function kernelInitialiser({ kernel, init = 'he' }: ConvSpec, channels: number): Initialiser {
  if (init === 'zero') return { kind: 'constant', value: 0 };
  return { kind: 'normal', gain: initialGain[init], fanIn: kernel * kernel * channels };
}

export class VariableStore {
  readonly #variables = new Map<string, tf.Variable>();
  readonly #seed: number | null;

  /**
   * @param seed initial values depend on it and on the variable's name alone; null: all zeros, for weights
   * loaded later.
   */
  constructor(seed: number | null) {
    this.#seed = seed;
  }

  /**
   * The variable of that name, created on first use.
   * @throws Error when it exists with another shape.
   */
  get(name: string, shape: readonly number[], init: Initialiser, trainable = true): tf.Variable {
    const existing = this.#variables.get(name);
    if (existing !== undefined) {
      if (existing.shape.join() !== shape.join()) {
        throw new Error(`Variable "${name}" is [${existing.shape.join(', ')}], not [${shape.join(', ')}].`);
      }
      return existing;
    }
    const zeros: Initialiser = { kind: 'constant', value: 0 };
    const initial = initialValues(name, shape, this.#seed === null ? zeros : init, this.#seed ?? 0);
    const variable = tf.tidy(() => tf.variable(tf.tensor(initial, [...shape]), trainable));
    this.#variables.set(name, variable);
    return variable;
  }

  get names(): string[] {
    return [...this.#variables.keys()];
  }

  /** Trainable variables by name, in order of creation. */
  trainable(): Map<string, tf.Variable> {
    return new Map([...this.#variables].filter(([, variable]) => variable.trainable));
  }

  /** Copies variables from the backend: all, or those selected by `wants`. */
  async read(wants: (name: string) => boolean = () => true): Promise<Map<string, WeightArray>> {
    const weights = new Map<string, WeightArray>();
    for (const [name, variable] of this.#variables) {
      if (!wants(name)) continue;
      weights.set(name, { shape: variable.shape, data: new Float32Array(await variable.data()) });
    }
    return weights;
  }

  /** Sets the variables named in `weights`, creating missing ones. */
  load(weights: Weights): void {
    for (const [name, { shape, data }] of weights) {
      const trainable = !name.includes('/moving_');
      const variable = this.get(name, shape, { kind: 'constant', value: 0 }, trainable);
      tf.tidy(() => {
        variable.assign(tf.tensor(data, [...shape]));
      });
    }
  }

  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
    this.#variables.clear();
  }
}

/** Initial values depend on the seed and on the variable's name alone. */
export function initialValues(
  name: string,
  shape: readonly number[],
  init: Initialiser,
  seed: number,
): Float32Array {
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  if (init.kind === 'constant') return values.fill(init.value);
  const random = mulberry32(hashName(name) ^ seed);
  const deviation = Math.sqrt(init.gain / init.fanIn);
  for (let i = 0; i < values.length; i += 2) {
    // Box-Muller: two normal values from two uniform ones.
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** Uniform numbers in [0, 1) from a 32-bit seed (the public-domain mulberry32 generator). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** FNV-1a, 32 bits. */
export function hashName(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
