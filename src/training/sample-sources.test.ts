import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeThread } from '../base/node-thread.node.ts';
import { RpcClient, serveRpc, type RpcPort } from '../base/rpc.ts';
import { presetById } from '../model/presets.ts';
import { DatasetError } from './datasets/dataset.ts';
import { openDataset } from './datasets/open-dataset.ts';
import { itemsFor, openSamples } from './open-samples.ts';
import type { Sample } from './sample.ts';
import { SampleThreads, type SampleApi } from './sample-threads.ts';
import { SlideSampler } from './slide-sampler.ts';
import { trainingConfigSchema } from './training-config.ts';

const imageWidth = 200;
const imageHeight = 160;
let folder: string;

const preset = {
  ...presetById('nano-attention'),
  slicePx: 20,
  contextPx: 20,
  sliceFieldUm: 10,
  contextFieldUm: 50,
};
const config = trainingConfigSchema.parse({
  preset: 'nano-attention',
  id: 'test',
  title: '',
  description: '',
  seed: 4,
  steps: 1,
  batch: 2,
  sampling: [1, 1],
  contextLoss: 0,
  batchNorm: 'frozen',
  optimiser: { learningRate: 1, warmup: 0, weightDecay: 0 },
  classes: ['left', 'right'].map((name) => ({ name, colour: '#000000', background: false })),
  data: { mpp: 0.5, heldOutPatients: ['C'] },
  validation: { patients: ['B'], every: 1 },
  provenance: { data: '', synthetic: true, dataLicence: '', licence: '', split: '', intendedUse: '' },
});

/** Red is x, green is y, blue the class; classes are the left and the right half. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samples-'));
  await mkdir(join(folder, 'images'));
  await mkdir(join(folder, 'masks'));
  const mask = Uint8Array.from({ length: imageWidth * imageHeight }, (_, i) =>
    i % imageWidth < imageWidth / 2 ? 0 : 1,
  );
  const rgb = new Uint8Array(imageWidth * imageHeight * 3);
  mask.forEach((label, i) => {
    rgb.set([i % imageWidth, Math.floor(i / imageWidth), label * 100], i * 3);
  });
  for (const name of ['a', 'b', 'c']) {
    const png = encode({ width: imageWidth, height: imageHeight, data: mask, channels: 1, depth: 8 });
    await writeFile(join(folder, 'masks', `${name}.png`), png);
    const image = sharp(rgb, { raw: { width: imageWidth, height: imageHeight, channels: 3 } });
    await image.png().toFile(join(folder, 'images', `${name}.png`));
  }
  await writeFile(join(folder, 'index.csv'), 'name,patient\na,A\nb,B\nc,C\n');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('openSamples', () => {
  it('separates held-out and validation patients from training', async () => {
    const names = async (purpose: 'training' | 'validation'): Promise<string[]> =>
      (await itemsFor(purpose, { config, data: folder })).map(({ name }) => name);
    expect(await names('training')).toEqual(['a']);
    expect(await names('validation')).toEqual(['b']);
  });
});

it('leaves out contexts of training samples only, where the configuration asks for it', async () => {
  const all = { config: { ...config, contextDropout: 1 }, preset, data: folder };
  const missing = (sample: Sample): boolean => new Set(sample.contextClasses).has(255);
  const training = await openSamples(all, () => undefined);
  expect(missing(await training.sample(0))).toBe(true);
  const validation = await openSamples({ ...all, purpose: 'validation' }, () => undefined);
  expect(missing(await validation.sample(0))).toBe(false);
});

describe('SampleThreads', () => {
  it.each([1, 3])('gives the same samples as this thread, in any order: %i threads', async (count) => {
    const open = { config, preset, data: folder };
    const here = await openSamples(open, () => undefined);
    const texts: string[] = [];
    const there = await SampleThreads.start(open, count, 3, (text) => texts.push(text));
    for (const number of [0, 1, 2, 7, 1_000_000, 3]) {
      expect(await there.sample(number)).toEqual(await here.sample(number));
    }
    // More requests at once than it draws ahead.
    const many = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
    const drawn = await Promise.all(many.map((number) => there.sample(number)));
    expect(drawn[0]).toEqual(await here.sample(20));
    expect(drawn).toHaveLength(10);
    await there.close();
    expect(texts).toHaveLength(1);
  });

  it('reports problems of the dataset and of the configuration in one line', async () => {
    const open = { config, preset, data: join(folder, 'nowhere') };
    await expect(SampleThreads.start(open, 1, 3, () => undefined)).rejects.toThrow(
      /nowhere: There is no such folder\. Choose the folder of a dataset\.$/,
    );
    const uneven = { config, preset: { ...preset, contextFieldUm: 51 }, data: folder };
    await expect(SampleThreads.start(uneven, 2, 3, () => undefined)).rejects.toThrow(
      /^A context pixel must cover a whole number of slice pixels, not 5\.1\. Change .* "geometry"\.$/,
    );
  });

  describe('over a fake thread', () => {
    const sampleOf = (number: number): Sample => ({
      slice: Uint8Array.of(number),
      classes: Uint8Array.of(0),
      context: null,
      contextClasses: null,
      place: { x: 0, y: 0, size: 1 },
    });

    /** Its service runs on this thread. It fails for sample 3. */
    function fakeThread(): { thread: NodeThread<SampleApi>; requested: number[] } {
      const { port1, port2 } = new MessageChannel();
      const requested: number[] = [];
      serveRpc<SampleApi>(port2 as unknown as RpcPort, {
        open: () => null,
        sample: (_, number) => {
          requested.push(number);
          if (number === 3) throw new DatasetError('b.png', 'It ends early.', 'Copy it again.');
          return sampleOf(number);
        },
      });
      const rpc = new RpcClient<SampleApi>(port1 as unknown as RpcPort);
      port1.start();
      port2.start();
      return { requested, thread: { rpc, keepProcess: () => undefined, close: async () => port1.close() } };
    }

    it('draws ahead in order, and each sample once', async () => {
      const { thread, requested } = fakeThread();
      const samples = new SampleThreads([thread], 2);
      expect(await samples.sample(5)).toEqual(sampleOf(5));
      expect(await samples.sample(6)).toEqual(sampleOf(6));
      expect(await samples.sample(20)).toEqual(sampleOf(20));
      expect(requested).toEqual([5, 6, 7, 8, 20, 21, 22]);
      await samples.close();
    });

    it('divides the numbers among its threads', async () => {
      const [one, two] = [fakeThread(), fakeThread()];
      const samples = new SampleThreads([one.thread, two.thread], 3);
      const drawn = await Promise.all([4, 5, 6].map((number) => samples.sample(number)));
      expect(drawn).toEqual([4, 5, 6].map(sampleOf));
      expect([one.requested, two.requested]).toEqual([
        [4, 6, 8],
        [5, 7, 9],
      ]);
      await samples.close();
    });

    it('rejects an unreadable sample when it is requested, and no other', async () => {
      const { thread } = fakeThread();
      const samples = new SampleThreads([thread], 2);
      expect(await samples.sample(2)).toEqual(sampleOf(2)); // draws 3 ahead
      await expect(samples.sample(3)).rejects.toThrow('b.png: It ends early. Copy it again.');
      expect(await samples.sample(4)).toEqual(sampleOf(4));
      await samples.close();
    });

    it('rejects every sample once the thread has stopped', async () => {
      const { thread } = fakeThread();
      const samples = new SampleThreads([thread], 2);
      const open = samples.sample(0);
      thread.rpc.fail({ code: 'worker-failed', file: '', problem: 'It stopped.', remedy: 'Run it again.' });
      await expect(open).rejects.toThrow('It stopped. Run it again.');
      await expect(samples.sample(9)).rejects.toThrow('It stopped. Run it again.');
      await samples.close();
    });
  });
});

describe('SlideSampler', () => {
  const openAll = async (options: object = {}): Promise<SlideSampler> => {
    const classNames = ['left', 'right'];
    const items = await openDataset(folder, { classNames, mpp: 0.5, classOfValue: null });
    return SlideSampler.open(items, preset, { classWeights: [1, 1], seed: 4, ...options });
  };

  /**
   * Compares the slice's centre with the context's pixel at the same position.
   * @returns whether both are on the slide.
   */
  function agrees({ slice, classes, context, contextClasses, place }: Sample): boolean {
    const u = Math.floor((place.x + place.size / 2) * 20);
    const v = Math.floor((place.y + place.size / 2) * 20);
    const middle = (10 * 20 + 10) * 3;
    const there = (v * 20 + u) * 3;
    if (slice[middle + 2]! > 150 || context![there + 2]! > 150) return false;
    for (const channel of [0, 1]) {
      // 5 × 5 pixels of the slide to one of the context, colours changed by at most a tenth.
      expect(Math.abs(slice[middle + channel]! - context![there + channel]!)).toBeLessThanOrEqual(12);
    }
    classes.forEach((label, i) => {
      if (slice[i * 3 + 2]! < 150) expect(slice[i * 3 + 2]! > 50 ? 1 : 0).toBe(label);
    });
    expect([0, 1]).toContain(contextClasses![v * 20 + u]);
    return true;
  }

  it('aligns slice, classes and context at every scale, anywhere and on the lattice', async () => {
    for (const regions of ['anywhere', 'lattice'] as const) {
      const sampler = await openAll({ regions, augmentation: { scale: [0.6, 1.2], stain: 0 } });
      let checked = 0;
      const labels = new Set<number>();
      for (let number = 0; number < 40; number++) {
        const sample = await sampler.sample(number);
        expect(await sampler.sample(number)).toEqual(sample);
        sample.classes.forEach((label) => labels.add(label));
        if (agrees(sample)) checked++;
      }
      expect(checked).toBeGreaterThan(20);
      expect([...labels].sort()).toEqual([0, 1]);
      sampler.close();
    }
  });

  it('draws nothing from pixels that do not count', async () => {
    const classNames = ['left', 'right'];
    const items = await openDataset(folder, { classNames, mpp: 0.5, classOfValue: null });
    const right = items.map((item) => ({
      ...item,
      counted: () =>
        Promise.resolve((rect: { x: number; width: number }, w: number, h: number) =>
          Uint8Array.from({ length: w * h }, (_, i) =>
            rect.x + (((i % w) + 0.5) * rect.width) / w < 100 ? 0 : 1,
          ),
        ),
    }));
    await expect(SlideSampler.open(right, preset, { classWeights: [1, 1], seed: 4 })).rejects.toThrow(
      /class 0/,
    );
    const options = { classWeights: [1, 1], seed: 4, missingClasses: 'skip' } as const;
    const sampler = await SlideSampler.open(right, preset, options);
    for (let number = 0; number < 10; number++) {
      const { slice, classes } = await sampler.sample(number);
      classes.forEach((label, i) => {
        if (slice[i * 3 + 2]! < 50 && slice[i * 3]! < 80) expect(label).toBe(255);
      });
    }
    sampler.close();
  });
});
