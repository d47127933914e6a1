/**
 * Measures the speed of training in Node on wasm:
 *
 *     npx tsx bench/training/run.ts [PRESET@PIXELS …]
 *
 * Prints one JSON object. All measurements run one after the other in one process; each ratio is the median over
 * neighbouring pairs:
 * - `shareOfMatMul`: multiply-adds of a training step (three times those of the forward pass) per second of processor time,
 *   over those of plain matrix products;
 * - `twoThreadsOverOne`: time of a step on one thread over that on two, with the batch split in two in both cases;
 * - `tfjsGradientOverOurs`: time of a convolution's gradients in TF.js over ours, where TF.js has kernels for them.
 */
import * as tf from '@tensorflow/tfjs-core';
import { presetById, type Preset } from '../../src/model/presets.ts';
import { differentiableConv2d } from '../../src/runtime/conv/differentiable-conv.ts';
import { registerTrainingKernels } from '../../src/runtime/training-kernels.node.ts';
import { useTestBackend as runOn } from '../../src/runtime/test-backend.ts';
import { presetCost } from '../../src/runtime/zoo.ts';
import type { Sample } from '../../src/training/sample.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { trainingConfigSchema } from '../../src/training/training-config.ts';

const BATCH = 8;
const REPEATS = 3;
/** Side and number of the matrices for the rate of plain products. */
const SIDE = 1024;
const PRODUCTS = 4;
const PRODUCT_MACS = PRODUCTS * SIDE ** 3;
const words = process.argv.slice(2);
if (words.length === 0) words.push('compact-attention@128');

await runOn('wasm');
await registerTrainingKernels();
const figures: Record<string, unknown> = { backend: 'wasm', batch: BATCH, repeats: REPEATS };
for (const word of words) {
  process.stderr.write(`${word}\n`);
  await benchPreset(word);
}
process.stderr.write('gradients of a convolution\n');
await benchGradients();
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);

async function benchPreset(word: string): Promise<void> {
  const [id = '', px = '128'] = word.split('@');
  const preset = atSize(presetById(id), Number(px));
  const macs = 3 * presetCost(preset).macs * BATCH;
  const samples = Array.from({ length: BATCH }, (_, i) => randomSample(preset, i));
  const start = async (threads: number): Promise<Trainer> => {
    const trainer = new Trainer(preset, configOf(id));
    trainer.initialise(samples);
    await trainer.startThreads(threads);
    await trainer.train(samples); // compiles, allocates
    return trainer;
  };
  const [one, two] = [await start(1), await start(2)];
  const shares: number[] = [];
  const speedUps: number[] = [];
  const rates: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const product = await timed(matrixProducts);
    const step = await timed(() => one.train(samples));
    const parallel = await timed(() => two.train(samples));
    shares.push(macs / step.cpu / (PRODUCT_MACS / product.cpu));
    speedUps.push(step.wall / parallel.wall);
    rates.push((1000 * BATCH) / step.wall);
  }
  figures[`${word} samplesPerSecond`] = rounded(median(rates));
  figures[`${word} shareOfMatMul`] = rounded(median(shares));
  figures[`${word} twoThreadsOverOne`] = rounded(median(speedUps));
  await one.dispose();
  await two.dispose();
}

/** A 3×3 convolution of 32 channels on 32 × 32 pixels, forward and both gradients. TF.js's cpu backend takes a second for it. */
async function benchGradients(): Promise<void> {
  const ours = (x: tf.Tensor, k: tf.Tensor): tf.Tensor =>
    differentiableConv2d(x as tf.Tensor4D, k as tf.Tensor4D, null, {
      kernelSize: 3,
      stride: 1,
      activation: 'linear',
      inputNeedsGradient: true,
    });
  const theirs = (x: tf.Tensor, k: tf.Tensor): tf.Tensor =>
    tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, 1, 'same');
  const run = async (conv: typeof ours): Promise<number> => {
    const { wall } = await timed(async () => {
      const gradients = tf.tidy(() => {
        const x = tf.randomNormal([1, 32, 32, 32], 0, 1, 'float32', 1);
        const k = tf.randomNormal([3, 3, 32, 32], 0, 1, 'float32', 2);
        return tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(conv(a, b)))([x, k]);
      });
      await Promise.all(gradients.map((gradient) => gradient.data()));
      tf.dispose(gradients);
    });
    return wall;
  };
  await run(ours);
  const times = { wasm: [] as number[], cpu: [] as number[] };
  for (let i = 0; i < REPEATS; i++) {
    await runOn('wasm');
    const own = await run(ours);
    for (const backend of ['wasm', 'cpu'] as const) {
      await runOn(backend);
      try {
        times[backend].push((await run(theirs)) / own);
      } catch (error) {
        figures[`TF.js's own gradients on ${backend}`] = (error as Error).message.split('\n')[0];
      }
    }
  }
  for (const [backend, ratios] of Object.entries(times)) {
    if (ratios.length > 0) figures[`tfjsGradientOverOurs, theirs on ${backend}`] = rounded(median(ratios));
  }
}

async function matrixProducts(): Promise<void> {
  const product = tf.tidy(() => {
    const a = tf.ones<tf.Rank.R2>([SIDE, SIDE]);
    let b = tf.ones<tf.Rank.R2>([SIDE, SIDE]);
    for (let i = 0; i < PRODUCTS; i++) b = tf.matMul(a, b);
    return b;
  });
  await product.data();
  product.dispose();
}

/** Wall and processor time, milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<{ wall: number; cpu: number }> {
  const before = process.cpuUsage();
  const start = performance.now();
  await work();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1000 };
}

function atSize(preset: Preset, px: number): Preset {
  const contextPx = preset.contextPx === null ? null : preset.contextKind === 'same' ? px / 2 : px;
  return { ...preset, slicePx: px, contextPx };
}

function configOf(preset: string): ReturnType<typeof trainingConfigSchema.parse> {
  return trainingConfigSchema.parse({
    preset,
    id: 'bench',
    title: '',
    description: '',
    seed: 1,
    steps: 1000,
    batch: BATCH,
    accumulate: 2,
    sampling: [1, 1, 1, 1],
    contextLoss: 0,
    batchNorm: 'frozen',
    optimiser: { learningRate: 1e-5, warmup: 0, weightDecay: 0 },
    classes: ['a', 'b', 'c', 'd'].map((name) => ({ name, colour: '#000000', background: false })),
    provenance: { data: '', synthetic: true, dataLicence: '', licence: '', split: '', intendedUse: '' },
  });
}

function randomSample({ slicePx, contextPx }: Preset, seed: number): Sample {
  const bytes = (length: number, below: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761 + seed) >>> 16) % below);
  return {
    slice: bytes(slicePx * slicePx * 3, 256),
    classes: bytes(slicePx * slicePx, 4),
    context: contextPx === null ? null : bytes(contextPx * contextPx * 3, 256),
    contextClasses: contextPx === null ? null : bytes(contextPx * contextPx, 4),
    place: { x: 0.3, y: 0.3, size: 0.2 },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
