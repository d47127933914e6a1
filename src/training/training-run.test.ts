import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { presetById } from '../model/presets.ts';
import { registerTrainingKernels } from '../runtime/training-kernels.node.ts';
import { useTestBackend } from '../runtime/test-backend.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import type { LabelledImage } from './labelled-image.ts';
import { Sampler } from './sampler.ts';
import { trainingConfigSchema, type TrainingConfig } from './training-config.ts';
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
  return { name: 'stripes', width: side, height: side, umPerPx: 1, weight: 1, rgb, classes };
}

describe('runTraining', () => {
  let folder = '';
  const samples = new Sampler([stripes()], preset, { classWeights: [1, 1, 1, 1], seed: 3 });
  beforeAll(async () => {
    await useTestBackend('wasm');
    await registerTrainingKernels();
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('resumes with exactly the losses and weights of an uninterrupted run, and leaks no tensor', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    const before = tf.memory().numTensors;
    const options = { preset, config, samples, checkpointEvery: 2 };
    const whole = await runTraining({ ...options, folder: join(folder, 'whole') });
    const part = { ...options, folder: join(folder, 'part') };
    const { seconds } = await runTraining({ ...part, stopAfter: 3 });
    // Texts of the exported model may have changed in the meantime.
    const reworded = { ...config, title: 'other', provenance: { ...config.provenance, data: 'stripes' } };
    const resumed = await runTraining({ ...part, config: reworded });
    expect(resumed.losses).toHaveLength(6);
    expect(seconds).toBeGreaterThan(0);
    expect(resumed.seconds).toBeGreaterThan(seconds);
    // Losses from before the stop were stored as float32.
    resumed.losses.forEach((loss, i) => {
      expect(Math.fround(loss)).toBe(Math.fround(whole.losses[i]!));
    });
    for (const [name, { data }] of whole.weights) expect(resumed.weights.get(name)!.data).toEqual(data);
    expect(tf.memory().numTensors).toBe(before);
    expect(await readFile(join(folder, 'part', 'losses.csv'), 'utf8')).toMatch(/^step,loss\n1,/);
  });

  describe('in parts', () => {
    // With frozen batch norms and without dropout, a sample's gradient does not depend on its batch.
    const still = { ...preset, network: { ...preset.network, dropout: 0 } };
    const frozen: TrainingConfig = { ...config, batchNorm: 'frozen', steps: 3, batch: 4 };
    const weightsOf = async (more: Partial<TrainingConfig>, threads = 1, name = 'run') =>
      runTraining({
        preset: still,
        config: { ...frozen, ...more },
        samples,
        checkpointEvery: 10,
        folder: join(folder, name),
        threads,
      });

    it('takes the same step as in one, except for rounding', async () => {
      folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
      const whole = await weightsOf({}, 1, 'whole');
      const parts = await weightsOf({ accumulate: 2 }, 1, 'parts');
      parts.losses.forEach((loss, i) => {
        expect(loss).toBeCloseTo(whole.losses[i]!, 4);
      });
    });

    it('is bit-identical on one and two threads', async () => {
      folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
      const one = await weightsOf({ accumulate: 2 }, 1, 'one');
      const two = await weightsOf({ accumulate: 2 }, 2, 'two');
      expect(two.losses).toEqual(one.losses);
      for (const [name, { data }] of one.weights) expect(two.weights.get(name)!.data).toEqual(data);
    });

    it('reports how many parts the threads need', async () => {
      folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
      await expect(weightsOf({}, 2)).rejects.toThrow(/"accumulate": 2/);
    });
  });

  it('keeps the best weights on validation patients, even after an interruption', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    const miou = new Map([
      [2, 0.2],
      [4, 0.5],
      [6, 0.3],
    ]);
    const validating: TrainingConfig = { ...config, validation: { patients: ['x'], every: 2 } };
    const seen: number[] = [];
    const options = {
      preset,
      samples,
      checkpointEvery: 100,
      folder: join(folder, 'run'),
      validate: (_: unknown, step: number) => {
        seen.push(step);
        return Promise.resolve({ step, loss: null, iou: [], miou: miou.get(step)!, accuracy: null });
      },
    };
    await runTraining({ ...options, config: validating, stopAfter: 5 });
    const trained = await runTraining({ ...options, config: validating });
    expect(seen).toEqual([2, 4, 6]);
    expect(trained.keptStep).toBe(4);
    expect(trained.validation.map((point) => point.miou)).toEqual([0.2, 0.5, 0.3]);
    const four = await runTraining({
      preset,
      samples,
      checkpointEvery: 100,
      folder: join(folder, 'four'),
      config,
      stopAfter: 4,
    });
    for (const [name, { data }] of four.weights) expect(trained.weights.get(name)!.data).toEqual(data);
  });

  it('rejects a checkpoint of another configuration and a damaged one', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    const options = { preset, config, samples, checkpointEvery: 2, folder };
    await runTraining({ ...options, stopAfter: 1 });
    await expect(runTraining({ ...options, config: { ...config, seed: 4 } })).rejects.toThrow(
      /another configuration/,
    );
    const file = join(folder, 'checkpoint.bin');
    await writeFile(file, (await readFile(file)).subarray(0, 5000));
    await expect(runTraining(options)).rejects.toThrow(/incomplete or damaged/);
    expect(() => decodeCheckpoint(new Uint8Array(2), 'x')).toThrow(/x: /);
  });
});

it('the configurations of the shipped models are valid and name a preset', async () => {
  for (const name of ['single', 'add', 'attention']) {
    const text = await readFile(new URL(`./configs/nano-${name}.json`, import.meta.url), 'utf8');
    expect(presetById(trainingConfigSchema.parse(JSON.parse(text)).preset).id).toBe(`nano-${name}`);
  }
});
