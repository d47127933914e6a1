import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RefineNetConfig } from '../model/config.ts';
import { presetById } from '../model/presets.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { withContextDropout } from './context-dropout.ts';
import type { LabelledImage } from './labelled-image.ts';
import { Sampler } from './sampler.ts';
import type { StepSessionOptions } from './step/step-session.node.ts';
import { testConfig, testPreset } from './trainer-testing.ts';
import { trainingConfigSchema, type TrainingConfig } from './training-config.ts';
import { runTraining } from './training-run.ts';

const preset = testPreset();
const config = testConfig();

/** Sessions that open fast, for the few steps of a test. */
const session: StepSessionOptions = { threads: 1, optimise: false };

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
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('resumes with exactly the losses and weights of an uninterrupted run', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    // Optimised, as in real runs.
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
    expect(resumed.losses).toEqual(whole.losses);
    for (const [name, { data }] of whole.weights) expect(resumed.weights.get(name)!.data).toEqual(data);
    expect(await readFile(join(folder, 'part', 'losses.csv'), 'utf8')).toMatch(/^step,loss\r\n1,/);
  });

  it('resumes exactly with context dropout', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    const dropout = { share: 0.5, colour: [124, 116, 104], seed: 3 } as const;
    const dropping = { ...config, contextDropout: dropout.share, steps: 2 };
    const source = withContextDropout(samples, dropout);
    const options = { preset, config: dropping, session, samples: source, checkpointEvery: 10 };
    const whole = await runTraining({ ...options, folder: join(folder, 'whole') });
    await runTraining({ ...options, folder: join(folder, 'part'), stopAfter: 1 });
    const resumed = await runTraining({ ...options, folder: join(folder, 'part') });
    expect(resumed.losses).toEqual(whole.losses);
  });

  describe('in parts', () => {
    // With frozen batch norms and without dropout, a sample's gradient does not depend on its batch.
    const still = { ...preset, network: { ...(preset.network as RefineNetConfig), dropout: 0 } };
    const frozen: TrainingConfig = { ...config, batchNorm: 'frozen', steps: 3, batch: 4 };
    it('takes the same step as in one, except for rounding', async () => {
      folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
      const options = { preset: still, samples, session, checkpointEvery: 10 };
      const whole = await runTraining({ ...options, config: frozen, folder: join(folder, 'whole') });
      const inParts = { ...frozen, accumulate: 3 }; // 1, 1 and 2 samples
      const parts = await runTraining({ ...options, config: inParts, folder: join(folder, 'parts') });
      parts.losses.forEach((loss, i) => {
        expect(loss).toBeCloseTo(whole.losses[i]!, 4);
      });
    });
  });

  it('keeps frozen encoders as they are and averages the weights of everything else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    const options = { preset, samples, session, checkpointEvery: 10 };
    const changes = { freezeEncoders: true, clipNorm: 0.5, averageWeights: 0.5 } as const;
    const still: TrainingConfig = { ...config, ...changes, batchNorm: 'frozen' };
    const run = async (name: string, more: Partial<TrainingConfig>, stopAfter: number) =>
      runTraining({ ...options, config: { ...still, ...more }, folder: join(folder, name), stopAfter });
    const [one, two] = [await run('one', {}, 1), await run('two', {}, 2)];
    const last = await run('last', { averageWeights: undefined }, 2);
    for (const [name, { data }] of two.weights) {
      if (/^(slice|context)\/encoder\//.test(name)) expect(data).toEqual(one.weights.get(name)!.data);
    }
    // The average moves half of the way from its last value to the new weights.
    const name = 'head/logits/kernel';
    const [before, after, weights] = [one, two, last].map((run) => run.weights.get(name)!.data);
    after!.forEach((value, i) => {
      expect(value).toBeCloseTo((before![i]! + weights![i]!) / 2, 6);
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
      session,
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
      session,
      checkpointEvery: 100,
      folder: join(folder, 'four'),
      config,
      stopAfter: 4,
    });
    for (const [name, { data }] of four.weights) expect(trained.weights.get(name)!.data).toEqual(data);
  });

  it('rejects a checkpoint of another configuration and a damaged one', async () => {
    folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
    const options = { preset, config, samples, session, checkpointEvery: 2, folder };
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
