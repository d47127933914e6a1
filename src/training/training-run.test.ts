import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { presetById } from '../model/presets.ts';
import { registerTrainingKernels } from '../runtime/gradients.ts';
import { useTestBackend } from '../runtime/test-backend.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import type { LabelledImage } from './labelled-image.ts';
import { Sampler } from './sampler.ts';
import { learningRateAt, trainingConfigSchema, type TrainingConfig } from './training-config.ts';
import { runTraining } from './training-run.ts';

const preset = {
  ...presetById('nano-attention'),
  slicePx: 32,
  contextPx: 32,
  sliceFieldUm: 32,
  contextFieldUm: 160,
};
const config: TrainingConfig = {
  preset: 'nano-attention',
  id: 'test',
  title: 'test',
  description: '',
  seed: 3,
  steps: 6,
  batch: 2,
  sampling: [1, 1, 1, 1],
  contextLoss: 0.5,
  batchNorm: 'batch',
  optimiser: { learningRate: 1e-3, warmup: 2, weightDecay: 0.01 },
  classes: ['a', 'b', 'c', 'd'].map((name) => ({ name, colour: '#000000', background: false })),
  provenance: { data: '', synthetic: true, dataLicence: '', licence: '', split: '', intendedUse: '' },
};

/** Four classes as four stripes of different colour. */
function stripes(): LabelledImage {
  const side = 256;
  const classes = Uint8Array.from({ length: side * side }, (_, i) => Math.floor((i % side) / 64));
  const rgb = Uint8Array.from(
    { length: side * side * 3 },
    (_, i) => 40 * classes[Math.floor(i / 3)]! + (i % 7),
  );
  return { name: 'stripes', width: side, height: side, umPerPx: 1, rgb, classes };
}

describe('runTraining', () => {
  let folder = '';
  const samples = new Sampler([stripes()], preset, [1, 1, 1, 1], 3);
  beforeAll(async () => {
    await useTestBackend('wasm');
    registerTrainingKernels();
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('continues a stopped run with the very losses and weights of an unbroken one, and leaks no tensor', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    const before = tf.memory().numTensors;
    const options = { preset, config, samples, checkpointEvery: 2 };
    const whole = await runTraining({ ...options, folder: join(folder, 'whole') });
    const part = { ...options, folder: join(folder, 'part') };
    await runTraining({ ...part, stopAfter: 3 });
    const resumed = await runTraining(part);
    expect(resumed.losses).toHaveLength(6);
    // Losses before the stop come back from float32.
    resumed.losses.forEach((loss, i) => {
      expect(Math.fround(loss)).toBe(Math.fround(whole.losses[i]!));
    });
    for (const [name, { data }] of whole.weights) expect(resumed.weights.get(name)!.data).toEqual(data);
    expect(tf.memory().numTensors).toBe(before);
    expect(await readFile(join(folder, 'part', 'losses.csv'), 'utf8')).toMatch(/^step,loss\n1,/);
  });

  it('refuses a checkpoint of another configuration and a broken one', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    const options = { preset, config, samples, checkpointEvery: 2, folder };
    await runTraining({ ...options, stopAfter: 1 });
    await expect(runTraining({ ...options, config: { ...config, seed: 4 } })).rejects.toThrow(
      /another configuration/,
    );
    const file = join(folder, 'checkpoint.bin');
    await writeFile(file, (await readFile(file)).subarray(0, 5000));
    await expect(runTraining(options)).rejects.toThrow(/not a whole checkpoint/);
    expect(() => decodeCheckpoint(new Uint8Array(2), 'x')).toThrow(/x: /);
  });
});

it('the learning rate rises, then falls to a hundredth', () => {
  const long = { ...config, steps: 100, optimiser: { learningRate: 1, warmup: 10, weightDecay: 0 } };
  expect(learningRateAt(0, long)).toBeCloseTo(0.1);
  expect(learningRateAt(9, long)).toBeCloseTo(1);
  expect(learningRateAt(55, long)).toBeCloseTo(0.505);
  expect(learningRateAt(100, long)).toBeCloseTo(0.01);
});

it('every shipped configuration is valid and names a preset', async () => {
  for (const name of ['single', 'add', 'attention']) {
    const text = await readFile(new URL(`./configs/nano-${name}.json`, import.meta.url), 'utf8');
    expect(presetById(trainingConfigSchema.parse(JSON.parse(text)).preset).id).toBe(`nano-${name}`);
  }
});
