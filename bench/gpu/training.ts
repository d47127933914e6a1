/** Speed of the training step, its agreement with the processor's, and where its nodes run. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import type { Weights } from '../../src/runtime/variables.ts';
import { presetCost } from '../../src/runtime/zoo.ts';
import { batchFeeds } from '../../src/training/step/batch-feeds.ts';
import { StateReader } from '../../src/training/step/state-transfer.node.ts';
import { loadOrt, StepSession, transferRuntime } from '../../src/training/step/step-session.node.ts';
import { StepState } from '../../src/training/step/step-state.ts';
import { StepVariables } from '../../src/training/step/step-variables.ts';
import { sizeOf } from '../../src/training/step/shapes.ts';
import {
  gradientPrefix,
  stepInputs,
  trainingStep,
  type StepGraph,
} from '../../src/training/step/training-step.ts';
import { Trainer } from '../../src/training/trainer.ts';
import {
  executionProvider,
  rateOf,
  repeat,
  rounded,
  type AgreementJob,
  type Figures,
  type PlacementJob,
  type Surroundings,
  type TrainingJob,
} from './job.ts';
import { configOf, presetAt, samplesOf } from './samples.ts';

/** Steps before the clock starts: the first compiles, the second allocates. */
const warmUpSteps = 2;

export async function measureTraining(job: TrainingJob, surroundings: Surroundings): Promise<Figures> {
  const preset = presetAt(job.preset, job.px);
  const config = configOf(job.preset, job.batch);
  const samples = samplesOf(preset, job.batch);
  const { resident } = job;
  const options = { provider: executionProvider(job.provider), threads: surroundings.threads, resident };
  const started = performance.now();
  const trainer = new Trainer(preset, config, options);
  await trainer.initialise(samples);
  const initialiseMs = performance.now() - started;
  const losses: number[] = [];
  for (let i = 0; i < warmUpSteps; i++) losses.push(await trainer.train(samples));
  const firstMs = performance.now() - started - initialiseMs;
  const timing = await repeat(job.seconds, async () => losses.push(await trainer.train(samples)));
  const graph = trainingStep(preset, config, job.batch, { kind: 'step' }, executionProvider(job.provider));
  const feeds = await repeat(0, () => Promise.resolve(batchFeeds(graph, preset, config, samples, 1)));
  const readBack = await repeat(0, () => trainer.optimiserState());
  await trainer.dispose();
  const macs = 3 * presetCost(preset).macs * job.batch;
  return {
    ...timing,
    samplesPerSecond: rounded((1000 * job.batch) / timing.fastestMs),
    ...rateOf(macs, timing.fastestMs, surroundings, job.provider),
    /** Part of a step that prepares its inputs in JavaScript. */
    feedsMs: feeds.fastestMs,
    /** What a checkpoint adds: reading the state back, and its layout. */
    readBackMs: readBack.medianMs,
    initialiseMs: rounded(initialiseMs),
    warmUpMs: rounded(firstMs),
    firstLoss: rounded(losses[0] ?? NaN),
    lastLoss: rounded(losses.at(-1) ?? NaN),
    lossFalls: (losses.at(-1) ?? NaN) < (losses[0] ?? NaN),
  };
}

/** Compares one step's gradients, and the weights after it, with those on the processor, then the losses of ten steps. */
export async function measureAgreement(job: AgreementJob, { threads }: Surroundings): Promise<Figures> {
  const preset = presetAt(job.preset, job.px);
  const config = configOf(job.preset, job.batch);
  const samples = samplesOf(preset, job.batch);
  const providers = [executionProvider(job.provider), 'cpu'] as const;
  const first = new Trainer(preset, config, { provider: 'cpu', threads });
  await first.initialise(samples);
  const start = await first.weights();
  await first.dispose();

  const gradients: Map<string, Float32Array>[] = [];
  const weights: Map<string, Float32Array>[] = [];
  const losses: number[][] = [];
  for (const provider of providers) {
    const step = trainingStep(preset, config, job.batch, { kind: 'gradient' }, provider);
    const state = stateOf(step.parameters, start);
    for (const { name, shape } of step.graph.inputs) {
      if (name.startsWith(gradientPrefix)) state.set(name, new Float32Array(sizeOf(shape)), shape);
    }
    const session = await StepSession.open(await loadOrt(), step, { provider, threads });
    const feeds = batchFeeds(step, preset, config, samples, 7);
    for (const name of [stepInputs.share, stepInputs.keep])
      feeds.set(name, { data: Float32Array.of(1), shape: [] });
    await session.run(state, feeds);
    const reader = new StateReader(transferRuntime(await loadOrt(), { provider, threads }));
    await reader.read(state);
    const names = [...state.names].filter((name) => name.startsWith(gradientPrefix));
    gradients.push(new Map(names.map((name) => [name, state.get(name)])));
    state.clear();
    await session.close();
    await reader.close();

    const trainer = new Trainer(preset, config, { provider, threads });
    trainer.load(0, start, new Map());
    const course = [await trainer.train(samples)];
    weights.push(
      new Map([...(await trainer.weights())].map(([name, { data }]) => [name, Float32Array.from(data)])),
    );
    while (course.length < 10) course.push(await trainer.train(samples));
    losses.push(course);
    await trainer.dispose();
  }
  const [lossesHere = [], lossesOnProcessor = []] = losses;
  return {
    gradients: differences(gradients[0], gradients[1]),
    weightsAfterStep: differences(weights[0], weights[1]),
    losses: lossesHere.map(rounded),
    lossesOnProcessor: lossesOnProcessor.map(rounded),
    lossFalls: (lossesHere.at(-1) ?? NaN) < (lossesHere[0] ?? NaN),
  };
}

/** Norm of the difference over the norm of the reference: of all variables together, and of the worst. */
function differences(
  found: ReadonlyMap<string, Float32Array> = new Map(),
  expected: ReadonlyMap<string, Float32Array> = new Map(),
): Figures {
  let [error, norm, worst, worstName] = [0, 0, 0, ''];
  for (const [name, reference] of expected) {
    let [partError, partNorm] = [0, 0];
    reference.forEach((value, i) => {
      partError += (value - (found.get(name)?.[i] ?? NaN)) ** 2;
      partNorm += value ** 2;
    });
    error += partError;
    norm += partNorm;
    const relative = Math.sqrt(partError / Math.max(partNorm, 1e-24));
    if (!(relative <= worst)) [worst, worstName] = [relative, name];
  }
  return { relative: rounded(Math.sqrt(error / norm)), worst: rounded(worst), worstName };
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/** Profiles a step: which operators run on which provider, and how long the processor waits for each. */
export async function measurePlacement(job: PlacementJob, surroundings: Surroundings): Promise<Figures> {
  const preset = presetAt(job.preset, job.px);
  const config = configOf(job.preset, job.batch);
  const ort = await loadOrt();
  const folder = await mkdtemp(join(tmpdir(), 'dualscope-profile-'));
  const { graph, masks, contextTruths } = trainingStep(
    preset,
    config,
    job.batch,
    { kind: 'step' },
    executionProvider(job.provider),
  );
  const session = await ort.InferenceSession.create(graph.encode(), {
    executionProviders: [executionProvider(job.provider), 'cpu'],
    intraOpNumThreads: surroundings.threads,
    enableProfiling: true,
    profileFilePrefix: join(folder, 'step'),
    logSeverityLevel: 3,
  });
  const feeds = batchFeeds({ masks, contextTruths }, preset, config, samplesOf(preset, job.batch), 1);
  const fed: Record<string, Ort.Tensor> = {};
  for (const input of graph.inputs) {
    const data = feeds.get(input.name)?.data ?? new Float32Array(sizeOf(input.shape)).fill(0.01);
    fed[input.name] = new ort.Tensor(input.type as 'float32', data as Float32Array, input.shape);
  }
  await session.run(fed);
  await session.run(fed);
  session.endProfiling();
  await session.release();
  const [file = ''] = await readdir(folder);
  const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
  await rm(folder, { recursive: true });
  const counts = new Map<string, { nodes: number; ms: number }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || args?.op_name === undefined) continue;
    const key = `${args.provider?.replace('ExecutionProvider', '') ?? '?'} ${args.op_name}`;
    const known = counts.get(key) ?? { nodes: 0, ms: 0 };
    counts.set(key, { nodes: known.nodes + 0.5, ms: known.ms + dur / 2000 });
  }
  const sorted = [...counts].sort(([, a], [, b]) => b.ms - a.ms);
  return Object.fromEntries(sorted.map(([key, { nodes, ms }]) => [key, { nodes, ms: rounded(ms) }]));
}

/** A step's state with the given variables. */
function stateOf(parameters: StepGraph['parameters'], weights: Weights): StepState {
  const state = new StepState();
  const variables = new StepVariables(parameters, state);
  for (const [name, value] of weights) variables.write(name, value);
  return state;
}
