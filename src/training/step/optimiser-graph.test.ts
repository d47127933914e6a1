import { describe, expect, it } from 'vitest';
import { trainingConfigSchema, type TrainingConfig } from '../training-config.ts';
import type { Feed } from './batch-feeds.ts';
import { packNames } from './network-variables.ts';
import { stepScalars } from './optimiser-graph.ts';
import { ProcessorUpdate } from './processor-update.ts';
import { loadOrt, StepSession } from './step-session.node.ts';
import { StepState } from './step-state.ts';
import { sizeOf } from './shapes.ts';
import { TensorGraph } from './tensor-graph.ts';
import { averagePrefix, gradientPrefix, updateStep, type StepConfig } from './training-step.ts';

/** Kernels and packed vectors of an encoder and of everything else. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  'slice/encoder/conv/kernel': [1, 2, 1, 1],
  [packNames.vectors.encoder]: [2],
  'head/logits/kernel': [2, 1, 1, 1],
  [packNames.vectors.decoder]: [2],
};
const names = Object.keys(shapes);
const steps = 3;
const rates = { encoder: 0.02, decoder: 0.1 };

const initial: Readonly<Record<string, readonly number[]>> = {
  'slice/encoder/conv/kernel': [0.5, -1.5],
  [packNames.vectors.encoder]: [1, 0.25],
  'head/logits/kernel': [-0.75, 2],
  [packNames.vectors.decoder]: [0, 0.125],
};

/** Of each step; all of them numbers that float32 holds exactly. */
function gradientOf(name: string, step: number): number[] {
  const index = names.indexOf(name);
  return [0.25 * (index + 1) - 0.5 * step, step === 1 ? 0 : 0.125 * (step - index)];
}

function configOf(changes: Partial<StepConfig>): TrainingConfig {
  return trainingConfigSchema.parse({
    preset: 'nano-single',
    id: 'test',
    title: '',
    description: '',
    seed: 1,
    steps: 10,
    batch: 1,
    sampling: [1, 1, 1, 1],
    contextLoss: 0,
    batchNorm: 'frozen',
    optimiser: { learningRate: 0.1, warmup: 0, weightDecay: 0.5 },
    classes: ['a', 'b', 'c', 'd'].map((name) => ({ name, colour: '#000000', background: false })),
    provenance: { data: '', synthetic: true, dataLicence: '', licence: '', split: '', intendedUse: '' },
    ...changes,
  });
}

/** @returns the state after the steps */
async function updated(changes: Partial<StepConfig>): Promise<StepState> {
  const config = configOf(changes);
  const gradients = new TensorGraph();
  for (const name of names) gradients.output(gradientPrefix + name, gradients.zeros(shapes[name]!));
  const parts = { parameters: new Map(), masks: [], contextTruths: new Map() };
  const step = updateStep(config, { graph: gradients, ...parts });
  const state = new StepState();
  const written = new Set(step.graph.outputs.map(({ name }) => name));
  for (const input of step.graph.inputs) {
    const start = initial[input.name.replace(averagePrefix, '')];
    if (!written.has(input.name)) continue;
    state.set(
      input.name,
      start === undefined ? new Float32Array(sizeOf(input.shape)) : Float32Array.from(start),
      input.shape,
    );
  }
  const session = await StepSession.open(await loadOrt(), step, { threads: 1 });
  for (let index = 1; index <= steps; index++) {
    const feeds = new Map<string, Feed>();
    for (const [name, value] of stepScalars(index, rates, config)) {
      feeds.set(name, { data: Float32Array.of(value), shape: [] });
    }
    for (const name of names) {
      const data = Float32Array.from(gradientOf(name, index));
      feeds.set(gradientPrefix + name, { data, shape: shapes[name]! });
    }
    await session.run(state, feeds);
  }
  await session.close();
  return state;
}

/** @returns the state after the steps, outside of a graph */
function updatedOnProcessor(changes: Partial<StepConfig>): StepState {
  const config = configOf(changes);
  const sizes = new Map(Object.entries(shapes));
  const update = ProcessorUpdate.create(config, sizes)!;
  const state = new StepState((name) => update.memoryOf(name));
  for (const [name, shape] of sizes) state.set(name, Float32Array.from(initial[name]!), shape);
  update.prepare(state);
  for (let index = 1; index <= steps; index++) {
    for (const [name, shape] of sizes) {
      state.set(gradientPrefix + name, Float32Array.from(gradientOf(name, index)), shape);
    }
    update.update(stepScalars(index, rates, config));
  }
  return state;
}

type Rule = (name: string, element: number, weight: number, gradient: number, step: number) => number;

/** Every weight after the steps, in double precision; `seen` is called after each step. */
function expectedWeights(
  rule: Rule,
  clipNorm = Infinity,
  seen: (name: string, element: number, weight: number) => void = () => undefined,
): Map<string, number[]> {
  const weights = new Map(names.map((name) => [name, [...initial[name]!]]));
  for (let step = 1; step <= steps; step++) {
    const squares = names.flatMap((name) => gradientOf(name, step)).map((value) => value ** 2);
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    const scale = Math.min(1, clipNorm / norm);
    for (const [name, values] of weights) {
      gradientOf(name, step).forEach((gradient, element) => {
        values[element] = rule(name, element, values[element]!, scale * gradient, step);
        seen(name, element, values[element]);
      });
    }
  }
  return weights;
}

const decay = 0.5;
const rateOf = (name: string): number => (name.includes('encoder') ? rates.encoder : rates.decoder);
const decayOf = (name: string): number => (name.endsWith('/kernel') ? decay : 0);

/** Algorithm 2 of Loshchilov & Hutter 2019, as written there: moments, corrections, decay. */
function adamW(): Rule {
  const [beta1, beta2] = [0.9, 0.999];
  const moments = new Map<string, [m: number, v: number]>();
  return (name, element, weight, gradient, step) => {
    const [m, v] = moments.get(`${name} ${String(element)}`) ?? [0, 0];
    const mean = beta1 * m + (1 - beta1) * gradient;
    const square = beta2 * v + (1 - beta2) * gradient ** 2;
    moments.set(`${name} ${String(element)}`, [mean, square]);
    const [meanHat, squareHat] = [mean / (1 - beta1 ** step), square / (1 - beta2 ** step)];
    return weight - rateOf(name) * (meanHat / (Math.sqrt(squareHat) + 1e-8) + decayOf(name) * weight);
  };
}

function sgd(momentum: number): Rule {
  const velocities = new Map<string, number>();
  return (name, element, weight, gradient) => {
    const key = `${name} ${String(element)}`;
    const velocity = momentum * (velocities.get(key) ?? 0) + gradient + decayOf(name) * weight;
    velocities.set(key, velocity);
    return weight - rateOf(name) * velocity;
  };
}

function expectState(state: StepState, expected: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, values] of expected) {
    values.forEach((value, element) => {
      expect(state.get(name)[element], `${name} ${String(element)}`).toBeCloseTo(value, 6);
    });
  }
}

const sgdConfig = {
  optimiser: {
    kind: 'sgd' as const,
    momentum: 0.9,
    weightDecay: decay,
    stages: [{ steps: 1, encoderRate: rates.encoder, decoderRate: rates.decoder }],
  },
} satisfies Pick<TrainingConfig, 'optimiser'>;

describe('AdamW in a graph', () => {
  it('takes the first step that is worked out by hand', async () => {
    // Adam's first step has the length of the learning rate at any gradient; the decay is rate · 0.5 · weight.
    const rule = adamW();
    expect(rule('head/logits/kernel', 0, -0.75, 0.25, 1)).toBeCloseTo(-0.75 - 0.1 + 0.1 * 0.5 * 0.75, 8);
    expect(rule(packNames.vectors.encoder, 0, 1, 0, 1)).toBe(1);
    expect(rule('slice/encoder/conv/kernel', 0, 0.5, -0.25, 1)).toBeCloseTo(0.5 + 0.02 - 0.02 * 0.5 * 0.5, 8);
    expectState(await updated({}), expectedWeights(adamW()));
  });

  it('clips the common norm of all gradients, and leaves smaller ones', async () => {
    expectState(await updated({ clipNorm: 0.5 }), expectedWeights(adamW(), 0.5));
    expectState(await updated({ clipNorm: 100 }), expectedWeights(adamW()));
  });

  it('follows the weights with their moving average', async () => {
    const averages = new Map(names.map((name) => [averagePrefix + name, [...initial[name]!]]));
    expectedWeights(adamW(), Infinity, (name, element, weight) => {
      const values = averages.get(averagePrefix + name)!;
      values[element] = 0.75 * values[element]! + 0.25 * weight;
    });
    expectState(await updated({ averageWeights: 0.75 }), averages);
  });
});

describe('SGD in a graph', () => {
  it('agrees with the rule in double precision', async () => {
    const rule = sgd(0.9);
    // Worked out by hand: velocity 0.5 + 0.5 · 2 = 1.5, then 0.9 · 1.5 + 0.25 + 0.5 · 1.85 = 2.525.
    expect(rule('head/logits/kernel', 1, 2, 0.5, 1)).toBeCloseTo(1.85, 12);
    expect(rule('head/logits/kernel', 1, 1.85, 0.25, 2)).toBeCloseTo(1.85 - 0.2525, 12);
    expectState(await updated(sgdConfig), expectedWeights(sgd(0.9)));
  });

  it('clips gradients before the weight decay', async () => {
    expectState(await updated({ ...sgdConfig, clipNorm: 0.5 }), expectedWeights(sgd(0.9), 0.5));
  });
});

describe('on the processor', () => {
  it('AdamW agrees with the rule, clips and averages', () => {
    expectState(updatedOnProcessor({}), expectedWeights(adamW()));
    expectState(updatedOnProcessor({ clipNorm: 0.5 }), expectedWeights(adamW(), 0.5));
    expectState(updatedOnProcessor({ clipNorm: 100 }), expectedWeights(adamW()));
    const averages = new Map(names.map((name) => [averagePrefix + name, [...initial[name]!]]));
    expectedWeights(adamW(), Infinity, (name, element, weight) => {
      const values = averages.get(averagePrefix + name)!;
      values[element] = 0.75 * values[element]! + 0.25 * weight;
    });
    expectState(updatedOnProcessor({ averageWeights: 0.75 }), averages);
  });

  it('SGD agrees with the rule, and clips before the weight decay', () => {
    expectState(updatedOnProcessor(sgdConfig), expectedWeights(sgd(0.9)));
    expectState(updatedOnProcessor({ ...sgdConfig, clipNorm: 0.5 }), expectedWeights(sgd(0.9), 0.5));
  });
});
