import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { presetById, type Preset } from '../model/presets.ts';
import { turnSample } from './augmentation.ts';
import type { EncodedSample } from './encoded-sample.ts';
import { FeatureCache, type FeatureCacheOptions } from './feature-cache.ts';
import { FeatureEncoder } from './feature-encoder.ts';
import { featurePlan, recordBytes, type FeaturePlan } from './feature-plan.ts';
import { isEncoderVariable, isFrozenVariable } from './learning-rates.ts';
import type { Sample } from './sample.ts';
import { Trainer } from './trainer.ts';
import { randomSample, testConfig } from './trainer-testing.ts';
import { type TrainingConfig } from './training-config.ts';
import { runTraining, type TrainingRunOptions } from './training-run.ts';

/** Each session runs a few times: opening it costs most. */
const session = { threads: 1, optimise: false };
const config = testConfig({
  preset: 'nano-aligned',
  dice: 0.3,
  batchNorm: 'frozen',
  freezeEncoders: true,
  featureCache: { crops: 3, symmetries: 2 },
});

function small(id: string): Preset {
  const preset = presetById(id);
  return { ...preset, slicePx: 32, contextPx: preset.contextPx === null ? null : 48 };
}
const preset = small('nano-aligned');

/** Random pixels; counts how often each number is drawn. */
class CountedSamples {
  readonly drawn: number[] = [];
  readonly #seed: number;
  readonly #preset: Preset;

  constructor(of: Preset = preset, seed = 0) {
    this.#preset = of;
    this.#seed = seed;
  }

  sample(number: number): Sample {
    this.drawn.push(number);
    return randomSample(this.#preset, number + 1000 * this.#seed);
  }
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

describe('a step on features', () => {
  // SGD without momentum or decay moves a weight by a tenth of its gradient: weights that are equal to 1e-6 mean gradients equal to 1e-5.
  const sgd: TrainingConfig = {
    ...config,
    optimiser: {
      kind: 'sgd',
      momentum: 0,
      weightDecay: 0,
      stages: [{ steps: 10, encoderRate: 0.1, decoderRate: 0.1 }],
    },
  };

  it.each([
    ['nano-aligned', 1, true],
    ['nano-single', 2, true],
    ['nano-aligned', 1, 'stages-1-to-3'],
  ] as const)('is that on the images: %s in %i parts, frozen: %s', async (id, accumulate, freezeEncoders) => {
    const of = small(id);
    const given = { ...sgd, accumulate, freezeEncoders };
    const source = new CountedSamples(of);
    const samples = [source.sample(1), source.sample(2)];
    const [onImages, onFeatures] = [new Trainer(of, given, session), new Trainer(of, given, session)];
    await onImages.initialise(samples);
    const start = await onImages.weights();
    onFeatures.load(0, start, new Map());
    // In batches of the step's size, since rounding depends on it.
    const encoder = await FeatureEncoder.open(of, given, start, samples.length / accumulate, session);
    const encoded =
      accumulate === 1
        ? await encoder.encode(samples)
        : (await Promise.all(samples.map((sample) => encoder.encode([sample])))).flat();
    await encoder.close();

    for (let step = 0; step < 2; step++) {
      const expected = await onImages.train(samples);
      expect(await onFeatures.train(encoded)).toBeCloseTo(expected, 5);
    }
    const [expected, found] = [await onImages.weights(), await onFeatures.weights()];
    expect([...found.keys()]).toEqual([...expected.keys()]);
    let moved = 0;
    for (const [name, { data }] of found) {
      expect(largestDifference(data, expected.get(name)!.data), name).toBeLessThan(1e-6);
      const movement = largestDifference(data, start.get(name)!.data);
      if (isFrozenVariable(name, freezeEncoders)) expect(movement, name).toBe(0);
      else if (isEncoderVariable(name) && name.endsWith('/kernel')) expect(movement, name).toBeGreaterThan(0);
      else if (movement > 1e-4) moved++;
    }
    expect(moved).toBeGreaterThan(10);
    await onImages.dispose();
    await onFeatures.dispose();
  });

  it('leaves frozen stages alone where the last one decays', async () => {
    const optimiser = { kind: 'adamw', learningRate: 0.01, warmup: 0, weightDecay: 0.5 } as const;
    const given: TrainingConfig = { ...config, optimiser, freezeEncoders: 'stages-1-to-3' };
    const trainer = new Trainer(preset, given, session);
    const samples = [new CountedSamples().sample(0)];
    await trainer.initialise(samples);
    const start = await trainer.weights();
    await trainer.train(samples);
    for (const [name, { data }] of await trainer.weights()) {
      const movement = largestDifference(data, start.get(name)!.data);
      if (isFrozenVariable(name, 'stages-1-to-3')) expect(movement, name).toBe(0);
      else if (name.endsWith('/kernel')) expect(movement, name).toBeGreaterThan(0);
    }
    await trainer.dispose();
  });

  it('refuses features for encoders that train', async () => {
    const trainer = new Trainer(preset, { ...sgd, freezeEncoders: false }, session);
    const { classes, contextClasses, place } = new CountedSamples().sample(0);
    const encoded: EncodedSample = { features: new Float32Array(0), classes, contextClasses, place };
    await expect(trainer.train([encoded])).rejects.toThrow('need images');
  });
});

describe('a run with frozen encoders', () => {
  it('computes features once and resumes exactly', async () => {
    const notices: string[] = [];
    const run = async (name: string, changes: Partial<TrainingRunOptions>): ReturnType<typeof runTraining> =>
      runTraining({
        preset,
        config,
        samples: new CountedSamples(),
        checkpointEvery: 10,
        session,
        folder: join(folder, name),
        onNotice: (text) => notices.push(text),
        ...changes,
      });
    const whole = await run('whole', {});
    expect(notices).toHaveLength(1);
    const part = await run('part', { stopAfter: 3 });
    const features = join(folder, 'part', 'features.bin');
    expect((await stat(features)).size).toBe(6 * recordBytes(preset, config));
    const before = await readFile(features);
    const samples = new CountedSamples();
    notices.length = 0;
    const resumed = await run('part', { samples });
    expect(notices).toEqual([]);
    // Two crops are compared with those of the file; none is encoded.
    expect(samples.drawn).toEqual([0, 2]);
    expect(await readFile(features)).toEqual(before);
    expect(resumed.losses).toHaveLength(6);
    resumed.losses.forEach((loss, i) => {
      expect(Math.fround(loss)).toBe(Math.fround(whole.losses[i]!));
    });
    for (const [name, { data }] of whole.weights) {
      expect(resumed.weights.get(name)!.data).toEqual(data);
      if (isEncoderVariable(name)) expect(part.weights.get(name)!.data).toEqual(data);
    }
  });
});

describe('the cache', () => {
  const plan: FeaturePlan = featurePlan(config, preset)!;
  let trainer: Trainer;
  let notices: string[] = [];
  beforeEach(() => {
    notices = [];
    trainer = new Trainer(preset, config, session);
  });

  async function options(changes: Partial<FeatureCacheOptions> = {}): Promise<FeatureCacheOptions> {
    await trainer.initialise([new CountedSamples().sample(7)]);
    const weights = await trainer.weights();
    const onNotice = (text: string): void => void notices.push(text);
    return {
      plan,
      preset,
      config,
      samples: new CountedSamples(),
      weights,
      folder,
      session,
      onNotice,
      ...changes,
    };
  }

  it('reads every crop in every symmetry once per pass, as the encoders see it', async () => {
    const given = await options();
    const cache = await FeatureCache.open(given);
    const encoder = await FeatureEncoder.open(preset, config, given.weights, 2, session);
    const expected: EncodedSample[] = [];
    for (const number of [0, 1, 2]) {
      const sample = new CountedSamples().sample(number);
      expected.push(
        ...(await encoder.encode([0, 1].map((symmetry) => turnSample(sample, symmetry, preset)))),
      );
    }
    await encoder.close();
    const orders = [];
    for (const pass of [0, 1]) {
      const order = [];
      for (let i = 0; i < 6; i++) {
        const found = await cache.sample(6 * pass + i);
        const at = expected.findIndex(
          ({ place, classes }) => place.x === found.place.x && classes.join() === found.classes.join(),
        );
        expect(found).toEqual(expected[at]);
        order.push(at);
      }
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      orders.push(order.join());
    }
    expect(orders[0]).not.toBe(orders[1]);
    await cache.close();
  });

  it('is reused, completed after an interruption, and replaced for other encoders or data', async () => {
    const given = await options();
    const file = join(folder, 'features.bin');
    const reopen = async (changes: Partial<FeatureCacheOptions> = {}): Promise<[Buffer, number[]]> => {
      const samples = new CountedSamples();
      notices.length = 0;
      await (await FeatureCache.open({ ...given, samples, ...changes })).close();
      return [await readFile(file), samples.drawn];
    };
    const [first, drawn] = await reopen();
    expect(drawn).toEqual([0, 2, 0, 1, 2]);
    expect(await reopen()).toEqual([first, [0, 2]]);
    expect(notices).toEqual([]);
    // Interrupted within the second crop.
    await truncate(file, 3 * recordBytes(preset, config) + 10);
    expect(await reopen()).toEqual([first, [0, 2, 1, 2]]);

    const name = [...given.weights.keys()].find(isEncoderVariable)!;
    const value = given.weights.get(name)!;
    const weights = new Map(given.weights).set(name, { ...value, data: value.data.map((x) => x + 0.1) });
    const [other] = await reopen({ weights });
    expect(notices[0]).toContain('are replaced');
    expect(other).not.toEqual(first);
    // Weights of the decoder do not matter.
    expect((await reopen({ weights: new Map(weights).set('head/logits/bias', value) }))[1]).toEqual([0, 2]);
    await reopen({ weights, config: { ...config, contextDropout: 0.2 } });
    expect(notices[0]).toContain('are replaced');
    await reopen({ samples: new CountedSamples(preset, 1) });
    expect(notices[0]).toContain('are replaced');
    expect((await reopen())[0]).toEqual(first);
    expect(notices[0]).toContain('are replaced');
    await reopen({ config: { ...config, seed: 4 } });
    expect(notices[0]).toContain('are replaced');
  });

  it('notices a damaged record and an index that cannot be read', async () => {
    const given = await options();
    const cache = await FeatureCache.open(given);
    const handle = await open(join(folder, 'features.bin'), 'r+');
    for (let record = 0; record < 6; record++) {
      await handle.write(Uint8Array.of(1, 2, 3), 0, 3, record * recordBytes(preset, config) + 100);
    }
    await handle.close();
    await expect(cache.sample(0)).rejects.toThrow(/features\.bin: record \d is damaged\. Delete/);
    await cache.close();
    await writeFile(join(folder, 'features.json'), '{');
    const again = await FeatureCache.open(given);
    await again.sample(0);
    await again.close();
  });
});

describe('the plan', () => {
  const planned = (changes: Partial<TrainingConfig>, of = preset): FeaturePlan | null =>
    featurePlan({ ...config, steps: 10_000, featureCache: undefined, ...changes }, of);

  it('keeps 512 crops in 8 symmetries by default, where encoders are frozen', () => {
    expect(planned({})).toMatchObject({ crops: 512, symmetries: 8, notice: null });
    expect(planned({ featureCache: { symmetries: 3 } })).toMatchObject({ crops: 512, symmetries: 3 });
    expect(planned({ featureCache: false })).toBeNull();
    expect(planned({ freezeEncoders: false })).toBeNull();
    // Maps of three stages are large: only where the configuration asks for it.
    expect(planned({ freezeEncoders: 'stages-1-to-3' })).toBeNull();
    expect(planned({ freezeEncoders: 'stages-1-to-3', featureCache: {} })).toMatchObject({ crops: 512 });
    expect(planned({ batchNorm: 'batch' })).toBeNull();
    expect(planned({}, presetById('nano-unet'))).toBeNull();
  });

  it('counts the bytes of a record', () => {
    // 32 pixels: maps of 8, 4, 2 and 1 pixels a side; 48 pixels: 12, 6, 3 and 2. Channels 8, 16, 32 and 48.
    const slice = 8 * 64 + 16 * 16 + 32 * 4 + 48;
    const context = 8 * 144 + 16 * 36 + 32 * 9 + 48 * 4;
    const others = 32 * 32 + 48 * 48 + 24 + 4;
    expect(recordBytes(preset, config)).toBe(4 * (slice + context) + others);
    // Without the last stage's maps.
    expect(recordBytes(preset, { freezeEncoders: 'stages-1-to-3' })).toBe(
      4 * (slice - 48 + context - 48 * 4) + others,
    );
  });

  it('never keeps more than the run reads', () => {
    expect(planned({ steps: 5, featureCache: { symmetries: 4 } })).toMatchObject({ crops: 3, notice: null });
  });

  it('uses fewer crops where space is short, and says so', () => {
    const maxGB = (recordBytes(preset, config) * 27.5) / 1e9;
    const { crops, notice } = planned({ featureCache: { crops: 10, symmetries: 4, maxGB } })!;
    expect(crops).toBe(6);
    expect(notice).toMatch(/^Features of 10 crops in 4 symmetries .* 6 crops fit/);
  });

  it('explains what it cannot do', () => {
    const featureCache = {};
    const error = (changes: Partial<TrainingConfig>, of = preset): unknown => {
      try {
        return planned({ featureCache, ...changes }, of);
      } catch (thrown) {
        return thrown;
      }
    };
    const configError = (remedy: RegExp): unknown =>
      expect.objectContaining({ name: 'ConfigError', remedy: expect.stringMatching(remedy) as string });
    expect(error({ freezeEncoders: undefined })).toEqual(configError(/"freezeEncoders" to true/));
    expect(error({ batchNorm: 'batch' })).toEqual(configError(/"batchNorm" to "frozen"/));
    expect(error({}, presetById('nano-unet'))).toEqual(configError(/Remove/));
    const maxGB = (recordBytes(preset, config) * 7.9) / 1e9;
    expect(error({ batch: 8, featureCache: { symmetries: 1, maxGB } })).toEqual(configError(/Raise it/));
    expect(error({ batch: 1, featureCache: { maxGB } })).toEqual(configError(/Raise it/));
    expect(error({ batch: 7, featureCache: { symmetries: 1, maxGB } })).toMatchObject({ crops: 7 });
  });
});
