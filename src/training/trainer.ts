/** A training run in memory: one step per batch. Its state can be saved and resumed exactly. */
import * as tf from '@tensorflow/tfjs-core';
import type { Preset } from '../model/presets.ts';
import type { VariableStore, WeightArray, Weights } from '../runtime/variables.ts';
import { type BatchGradient, NetworkGradient, splitBatch, PartSum } from './network-gradient.ts';
import { GradientThreads } from './gradient-thread.ts';
import { isEncoderVariable, learningRatesAt, type Optimiser, createOptimiser } from './optimiser.ts';
import type { Sample } from './sample.ts';
import { ConfigError, type TrainingConfig } from './training-config.ts';

export class Trainer {
  readonly optimiser: Optimiser;
  readonly #preset: Preset;
  readonly #config: TrainingConfig;
  readonly #network: NetworkGradient;
  /** The optimiser's trainable weights. The network's variables are copies of them. */
  #weights: ReadonlyMap<string, WeightArray> | null = null;
  #threads: GradientThreads | null = null;

  constructor(preset: Preset, config: TrainingConfig) {
    this.#preset = preset;
    this.#config = config;
    this.#network = new NetworkGradient(preset, config);
    this.optimiser = createOptimiser(config);
  }

  /** Steps taken. */
  get step(): number {
    return this.optimiser.step;
  }

  /** All variables, trainable or not. */
  get variables(): VariableStore {
    return this.#network.variables;
  }

  /**
   * Creates the variables. Those in `pretrained` take its values; all other batch norms take their statistics
   * from `samples`. With frozen batch norms these statistics are final; otherwise the moving averages start
   * there.
   */
  initialise(samples: readonly Sample[], pretrained: Weights = new Map()): void {
    this.variables.load(pretrained);
    this.#network.calibrate(samples, (name) => !pretrained.has(name));
  }

  /** Restores the state of a checkpoint. */
  load(step: number, variables: Weights, optimiser: Weights): void {
    this.variables.load(variables);
    this.optimiser.load(step, optimiser);
    this.#weights = null;
  }

  /**
   * Computes the parts of each batch on `count` threads, including this one. Call it once the weights are
   * set. The results are bit-identical to those of one thread, except for batch norms with batch statistics,
   * whose moving averages are averaged over the threads.
   * @throws ConfigError when the batch has fewer parts (`accumulate`) than there are threads.
   */
  async startThreads(count: number): Promise<void> {
    const parts = this.#config.accumulate ?? 1;
    if (count > parts) {
      throw new ConfigError(
        `${String(count)} threads need a batch of at least ${String(count)} parts.`,
        `Set "accumulate": ${String(count)} in the configuration.`,
      );
    }
    if (count < 2) return;
    const trainable = this.variables.trainable();
    const isTrainable = (name: string): boolean => trainable.has(name);
    const all = await this.variables.read();
    this.#threads = await GradientThreads.start(count - 1, this.#preset, this.#config, all, isTrainable);
    this.#weights = this.#threads.weights;
  }

  /**
   * Takes one step.
   * @returns the batch's mean loss before the step.
   * @throws Error when the loss is not finite.
   */
  async train(samples: readonly Sample[]): Promise<number> {
    const { loss, gradients } = await this.#gradient(samples);
    await this.#update(gradients);
    if (!Number.isFinite(loss)) {
      throw new Error(`The loss is not finite at step ${String(this.step)}. Lower the learning rate.`);
    }
    return loss;
  }

  async dispose(): Promise<void> {
    await this.#threads?.close();
    this.#network.dispose();
  }

  /** Loss and gradients of a batch, in parts, on all threads. */
  async #gradient(samples: readonly Sample[]): Promise<BatchGradient> {
    const dropoutSeed = Math.imul(this.#config.seed + 1, 7919) + this.step;
    const parts = splitBatch(samples, this.#config.accumulate ?? 1, dropoutSeed);
    const sum = new PartSum();
    const width = 1 + (this.#threads?.count ?? 0);
    for (let first = 0; first < parts.length; first += width) {
      const [own, ...others] = parts.slice(first, first + width);
      const remote = others.map((part, thread) => this.#threads!.compute(thread, part));
      const local = await this.#network.compute(own!.items, own!.dropoutSeed);
      sum.add(local, own!.share);
      for (const [i, part] of (await Promise.all(remote)).entries()) {
        sum.add(part, others[i]!.share);
        if (this.#config.batchNorm === 'batch') await this.#averageStatistics(part.statistics, 1 / (i + 2));
      }
    }
    return sum.result();
  }

  /** Moves this network's moving statistics by a share towards a thread's. */
  async #averageStatistics(statistics: Weights, share: number): Promise<void> {
    const own = await this.variables.read((name) => statistics.has(name));
    for (const [name, { data }] of own) {
      const theirs = statistics.get(name)!.data;
      for (let i = 0; i < data.length; i++) data[i] = data[i]! + (theirs[i]! - data[i]!) * share;
    }
    this.variables.load(own);
  }

  /** Updates the weights with the optimiser. */
  async #update(gradients: ReadonlyMap<string, Float32Array>): Promise<void> {
    const rates = learningRatesAt(this.step, this.#config);
    const trainable = this.variables.trainable();
    this.#weights ??= await this.variables.read((name) => trainable.has(name));
    this.optimiser.begin();
    for (const [name, variable] of trainable) {
      const weight = this.#weights.get(name)!;
      const rate = isEncoderVariable(name) ? rates.encoder : rates.decoder;
      this.optimiser.update(name, weight, gradients.get(name)!, rate);
      tf.tidy(() => {
        variable.assign(tf.tensor(new Float32Array(weight.data), [...weight.shape]));
      });
    }
  }
}
