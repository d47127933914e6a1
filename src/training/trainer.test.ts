import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { swiftShaderEnvironment } from '../runtime/native/swiftshader-testing.node.ts';
import type { WeightArray } from '../runtime/variables.ts';
import type { StepSessionOptions } from './step/step-session.node.ts';
import { randomSample, testConfig, testPreset } from './trainer-testing.ts';
import { Trainer } from './trainer.ts';
import type { TrainingConfig } from './training-config.ts';

const preset = testPreset();
const batches = [0, 1, 2].map((step) => [0, 1].map((index) => randomSample(preset, 2 * step + index)));
const session: StepSessionOptions = { threads: 1, optimise: false };

interface Course {
  readonly losses: readonly number[];
  /** Hashes of the weights, of those to export, and of the optimiser's state. */
  readonly weights: string;
  readonly best: string;
  readonly optimiser: string;
}

function hashOf(values: ReadonlyMap<string, WeightArray>): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of values) hash.update(`${name} ${shape.join()}`).update(data);
  return hash.digest('hex');
}

/** @param readAfter steps after which everything is read, as for a checkpoint */
async function course(
  config: TrainingConfig,
  options: StepSessionOptions,
  readAfter: readonly number[] = [],
): Promise<Course> {
  const trainer = new Trainer(preset, config, { ...session, ...options });
  await trainer.initialise(batches[0]!);
  const losses: number[] = [];
  const read = async (): Promise<Omit<Course, 'losses'>> => ({
    weights: hashOf(await trainer.weights()),
    best: hashOf(await trainer.bestWeights()),
    optimiser: hashOf(await trainer.optimiserState()),
  });
  for (const batch of batches) {
    losses.push(await trainer.train(batch));
    if (readAfter.includes(losses.length)) await read();
  }
  const last = await read();
  await trainer.dispose();
  return { losses, ...last };
}

describe('state that stays in the provider’s memory', () => {
  it.each<[string, Partial<TrainingConfig>]>([
    ['a whole batch', {}],
    ['a batch in parts, weights averaged', { accumulate: 2, averageWeights: 0.9 }],
    ['frozen encoders, which are only read', { freezeEncoders: true, batchNorm: 'frozen' }],
  ])('changes as here, to the bit: %s', async (_, changes) => {
    const config = testConfig(changes);
    const here = await course(config, { resident: false });
    // After the reading, two steps in a row without one. Reading does not disturb the state.
    expect(await course(config, { resident: true }, [1])).toEqual(here);
  });

  it('resumes exactly', async () => {
    const config = testConfig({ averageWeights: 0.9 });
    const whole = await course(config, { resident: true });
    const first = new Trainer(preset, config, { ...session, resident: true });
    await first.initialise(batches[0]!);
    const losses = [await first.train(batches[0]!), await first.train(batches[1]!)];
    const [weights, optimiser] = [await first.weights(), await first.optimiserState()];
    await first.dispose();

    const second = new Trainer(preset, config, { ...session, resident: true });
    second.load(2, weights, optimiser);
    losses.push(await second.train(batches[2]!));
    expect(losses).toEqual(whole.losses);
    expect(hashOf(await second.weights())).toBe(whole.weights);
    // A trainer that has run can be set back.
    second.load(2, weights, optimiser);
    expect(await second.train(batches[2]!)).toBe(whole.losses[2]);
    await second.dispose();
  });
});

it('takes the same first step on another number of threads, up to rounding', async () => {
  const config = testConfig();
  const [one, two] = [await course(config, { threads: 1 }), await course(config, { threads: 2 })];
  // Later losses drift apart, since training amplifies any difference.
  expect(Math.abs(two.losses[0]! / one.losses[0]! - 1)).toBeLessThan(1e-5);
});

const webgpu = swiftShaderEnvironment('Training with WebGPU');

it.skipIf(webgpu === null)(
  'takes the same steps on WebGPU as on the processor',
  async () => {
    const steps = async (
      provider: string,
    ): Promise<{ losses: number[]; values: Record<string, number[]> }> => {
      const file = join(import.meta.dirname, 'trainer-steps.ts');
      const child = spawn(process.execPath, ['--import', 'tsx', file, provider], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: webgpu ?? {},
      });
      return JSON.parse(await text(child.stdout)) as { losses: number[]; values: Record<string, number[]> };
    };
    const [expected, found] = await Promise.all([steps('cpu'), steps('webgpu')]);
    expect(Object.keys(found.values)).toEqual(Object.keys(expected.values));
    found.losses.forEach((loss, i) => expect(loss).toBeCloseTo(expected.losses[i]!, 3));
    const { error, norm } = difference(found.values, expected.values);
    expect(error / norm).toBeLessThan(1e-3);
  },
  600_000,
);

function difference(
  found: Readonly<Record<string, readonly number[]>>,
  expected: Readonly<Record<string, readonly number[]>>,
): { error: number; norm: number } {
  let [error, norm] = [0, 0];
  for (const [name, values] of Object.entries(expected)) {
    values.forEach((value, i) => {
      error += (value - found[name]![i]!) ** 2;
      norm += value ** 2;
    });
  }
  return { error: Math.sqrt(error), norm: Math.sqrt(norm) };
}
