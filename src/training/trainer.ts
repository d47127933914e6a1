/** A training run in memory: one step per batch. Its state can be saved and resumed exactly. */
import type { Preset } from '../model/presets.ts';
import { initialValues, type WeightArray, type Weights } from '../runtime/variables.ts';
import { splitBatch } from './batch-parts.ts';
import { isEncoded, type TrainingSample } from './encoded-sample.ts';
import { learningRatesAt } from './learning-rates.ts';
import type { Sample } from './sample.ts';
import { batchFeeds, type Feed } from './step/batch-feeds.ts';
import type { Parameter } from './step/network-variables.ts';
import { stepScalars } from './step/optimiser-graph.ts';
import { ProcessorUpdate } from './step/processor-update.ts';
import { StateReader } from './step/state-transfer.node.ts';
import {
  isResident,
  loadOrt,
  StepSession,
  transferRuntime,
  type StepSessionOptions,
} from './step/step-session.node.ts';
import { StepState } from './step/step-state.ts';
import { StepVariables } from './step/step-variables.ts';
import { sizeOf } from './step/shapes.ts';
import {
  averagePrefix,
  gradientPrefix,
  stepInputs,
  trainingStep,
  updateStep,
  type StepGraph,
  type StepKind,
} from './step/training-step.ts';
import type { TrainingConfig } from './training-config.ts';

/** Prefixes of what the optimisers keep for a variable, and of its moving average. */
const statePrefixes = ['m/', 'v/', 'velocity/', averagePrefix];

export class Trainer {
  readonly #preset: Preset;
  readonly #config: TrainingConfig;
  readonly #options: StepSessionOptions;
  readonly #state: StepState;
  /** Null where graphs update the weights. */
  readonly #update: ProcessorUpdate | null;
  /** By kind of work and number of samples. */
  readonly #sessions = new Map<string, Promise<StepSession>>();
  /** The gradient graph of one sample: which variables there are. */
  readonly #example: StepGraph;
  readonly #variables: StepVariables;
  #reader: StateReader | null = null;
  #step = 0;

  constructor(preset: Preset, config: TrainingConfig, options: StepSessionOptions = {}) {
    this.#preset = preset;
    this.#config = config;
    this.#options = options;
    this.#example = trainingStep(preset, config, 1, { kind: 'gradient' });
    const onProcessor = (options.provider ?? 'cpu') === 'cpu' && !isResident(options);
    const update = onProcessor ? ProcessorUpdate.create(config, trainedShapes(this.#example)) : null;
    this.#update = update;
    this.#state = new StepState((name) => update?.memoryOf(name) ?? null);
    this.#variables = new StepVariables(this.#example.parameters, this.#state);
  }

  /** Steps taken. */
  get step(): number {
    return this.#step;
  }

  /** A copy of all variables, trainable or not. */
  async weights(): Promise<Map<string, WeightArray>> {
    return this.#read(() => '');
  }

  /** The weights to validate and export: their moving average where the configuration asks for one. */
  async bestWeights(): Promise<Map<string, WeightArray>> {
    return this.#read((name) => (this.#variables.has(name, averagePrefix) ? averagePrefix : ''));
  }

  /**
   * Sets the variables. Those in `pretrained` take its values; all other batch norms take their statistics
   * from `samples`. With frozen batch norms these statistics are final; otherwise the moving averages start
   * there.
   */
  async initialise(samples: readonly Sample[], pretrained: Weights = new Map()): Promise<void> {
    const { seed } = this.#config;
    this.#load(
      0,
      ({ name, shape, initial }) =>
        pretrained.get(name) ?? { shape, data: initialValues(name, shape, initial, seed) },
    );
    const calibrates = (norm: string): boolean => !pretrained.has(`${norm}/moving_mean`);
    const step = this.#build(samples.length, { kind: 'statistics', calibrates });
    if (step.graph.outputs.length === 0) return;
    // It runs once, and the state outlives it.
    const options = { ...this.#options, optimise: false, resident: false };
    const session = await StepSession.open(await loadOrt(), step, options);
    await session.run(this.#state, batchFeeds(step, this.#preset, this.#config, samples, 0));
    await session.close();
  }

  /**
   * Restores the state of a checkpoint.
   * @throws Error when it lacks a variable or has one of another shape.
   */
  load(step: number, variables: Weights, optimiser: Weights): void {
    this.#load(step, ({ name }) => {
      const value = variables.get(name);
      if (value === undefined) throw new Error(`The checkpoint has no variable "${name}".`);
      return value;
    });
    for (const [key, value] of optimiser) {
      const prefix = statePrefixes.find((candidate) => key.startsWith(candidate));
      if (prefix === undefined) throw new Error(`The checkpoint has an unknown optimiser state "${key}".`);
      this.#variables.write(key.slice(prefix.length), value, prefix);
    }
  }

  /** The optimiser's state and the weights' moving average, by name. */
  async optimiserState(): Promise<Map<string, WeightArray>> {
    await this.#readBack();
    const state = new Map<string, WeightArray>();
    for (const prefix of statePrefixes) {
      for (const name of this.#variables.names) {
        if (this.#variables.has(name, prefix)) state.set(prefix + name, this.#variables.read(name, prefix));
      }
    }
    return state;
  }

  /**
   * Takes one step.
   * @param samples either all with images or, if encoders are frozen, all encoded
   * @returns the batch's mean loss before the step.
   * @throws Error when the loss is not finite.
   */
  async train(samples: readonly TrainingSample[]): Promise<number> {
    const parts = this.#config.accumulate ?? 1;
    const loss = parts > 1 ? await this.#accumulate(samples, parts) : await this.#whole(samples);
    this.#step++;
    if (!Number.isFinite(loss)) {
      throw new Error(`The loss is not finite at step ${String(this.step)}. Lower the learning rate.`);
    }
    return loss;
  }

  async dispose(): Promise<void> {
    this.#state.clear();
    for (const session of this.#sessions.values()) await (await session).close();
    this.#sessions.clear();
    await this.#reader?.close();
    this.#reader = null;
  }

  async #whole(samples: readonly TrainingSample[]): Promise<number> {
    if (this.#update !== null) {
      const loss = await this.#backward(this.#update, samples, this.#dropoutSeed);
      this.#update.update(this.#scalars);
      return loss;
    }
    const { length } = samples;
    const reads = this.#readBy(samples);
    const session = await this.#session(`step ${String(length)} ${reads}`, () =>
      this.#build(length, { kind: 'step', reads }),
    );
    const feeds = batchFeeds(session.step, this.#preset, this.#config, samples, this.#dropoutSeed);
    const others = await session.run(this.#state, new Map([...feeds, ...this.#scalarFeeds]));
    return others.get('loss')?.[0] ?? NaN;
  }

  async #accumulate(samples: readonly TrainingSample[], count: number): Promise<number> {
    const reads = this.#readBy(samples);
    let [loss, keep] = [0, 0];
    for (const { items, share, dropoutSeed } of splitBatch(samples, count, this.#dropoutSeed)) {
      if (this.#update !== null) {
        loss += share * (await this.#backward(this.#update, items, dropoutSeed));
        this.#update.accumulate(keep, share);
        keep = 1;
        continue;
      }
      const session = await this.#session(`gradient ${String(items.length)} ${reads}`, () =>
        this.#build(items.length, { kind: 'gradient', reads }),
      );
      const feeds = batchFeeds(session.step, this.#preset, this.#config, items, dropoutSeed);
      feeds.set(stepInputs.share, scalar(share)).set(stepInputs.keep, scalar(keep));
      keep = 1;
      const others = await session.run(this.#state, feeds);
      loss += share * (others.get('loss')?.[0] ?? NaN);
    }
    if (this.#update !== null) {
      this.#update.update(this.#scalars);
      return loss;
    }
    const update = await this.#session('update', () =>
      updateStep(this.#config, this.#example, this.#options.provider),
    );
    await update.run(this.#state, this.#scalarFeeds);
    return loss;
  }

  /** Computes the gradients of a batch or a part of one, on the processor. @returns its mean loss */
  async #backward(
    update: ProcessorUpdate,
    samples: readonly TrainingSample[],
    dropoutSeed: number,
  ): Promise<number> {
    const reads = this.#readBy(samples);
    const session = await this.#session(`backward ${String(samples.length)} ${reads}`, () =>
      this.#build(samples.length, { kind: 'backward', reads }),
    );
    update.prepare(this.#state);
    const feeds = batchFeeds(session.step, this.#preset, this.#config, samples, dropoutSeed);
    const others = await session.run(this.#state, feeds);
    return others.get('loss')?.[0] ?? NaN;
  }

  #build(samples: number, work: StepKind): StepGraph {
    return trainingStep(this.#preset, this.#config, samples, work, this.#options.provider);
  }

  /** @throws Error when encoders would train but have run before. */
  #readBy(samples: readonly TrainingSample[]): 'images' | 'features' {
    if (!samples.every(isEncoded)) return 'images';
    if ((this.#config.freezeEncoders ?? false) === false) throw new Error('Encoders that train need images.');
    return 'features';
  }

  get #dropoutSeed(): number {
    return Math.imul(this.#config.seed + 1, 7919) + this.#step;
  }

  get #scalars(): Map<string, number> {
    return stepScalars(this.#step + 1, learningRatesAt(this.#step, this.#config), this.#config);
  }

  get #scalarFeeds(): Map<string, Feed> {
    return new Map([...this.#scalars].map(([name, value]) => [name, scalar(value)]));
  }

  /** A session, opened on first use. States that its graph reads start at 0, moving averages at the weights. */
  #session(key: string, build: () => StepGraph): Promise<StepSession> {
    let opening = this.#sessions.get(key);
    if (opening === undefined) {
      opening = this.#open(build());
      this.#sessions.set(key, opening);
    }
    return opening;
  }

  async #open(step: StepGraph): Promise<StepSession> {
    for (const { name, slot } of step.parameters.values()) {
      const { input, offset } = this.#example.parameters.get(name)?.slot ?? {};
      if (input !== slot.input || offset !== slot.offset) throw new Error(`"${name}" is stored elsewhere.`);
    }
    const written = new Set(step.graph.outputs.map(({ name }) => name));
    for (const input of step.graph.inputs) {
      if (!written.has(input.name) && !input.name.startsWith(gradientPrefix)) continue;
      if (this.#state.has(input.name)) continue;
      const weight = input.name.startsWith(averagePrefix) ? input.name.slice(averagePrefix.length) : null;
      const data = weight === null ? new Float32Array(sizeOf(input.shape)) : this.#state.get(weight).slice();
      this.#state.set(input.name, data, input.shape);
    }
    return StepSession.open(await loadOrt(), step, this.#options);
  }

  /** Makes the state readable here. */
  async #readBack(): Promise<void> {
    this.#reader ??= new StateReader(transferRuntime(await loadOrt(), this.#options));
    await this.#reader.read(this.#state);
  }

  #load(step: number, valueOf: (parameter: Parameter) => WeightArray): void {
    this.#state.clear();
    this.#step = step;
    for (const parameter of this.#example.parameters.values()) {
      this.#variables.write(parameter.name, valueOf(parameter));
    }
  }

  async #read(prefixOf: (name: string) => string): Promise<Map<string, WeightArray>> {
    await this.#readBack();
    return new Map(
      [...this.#variables.names].map((name) => [name, this.#variables.read(name, prefixOf(name))]),
    );
  }
}

/** Shapes of the graph's inputs that are trained, by name. */
function trainedShapes({ graph }: StepGraph): Map<string, readonly number[]> {
  return new Map(
    graph.outputs.flatMap(({ name, value }) =>
      name.startsWith(gradientPrefix) ? [[name.slice(gradientPrefix.length), value.shape] as const] : [],
    ),
  );
}

function scalar(value: number): Feed {
  return { data: Float32Array.of(value), shape: [] };
}
