import '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { presets, type Preset } from '../../model/presets.ts';
import { useTestBackend } from '../../runtime/test-backend.ts';
import { NetworkGradient } from '../network-gradient.ts';
import type { Sample } from '../sample.ts';
import { randomSample, testConfig, withShortEncoders } from '../trainer-testing.ts';
import type { TrainingConfig } from '../training-config.ts';
import { batchFeeds } from './batch-feeds.ts';
import { loadOrt, StepSession } from './step-session.node.ts';
import { StepState } from './step-state.ts';
import { StepVariables } from './step-variables.ts';
import type { GraphTarget } from './onnx-graph.ts';
import { gradientPrefix, stepInputs, trainingStep } from './training-step.ts';

beforeAll(async () => {
  await useTestBackend('cpu');
});

function configOf(preset: string, changes: Partial<TrainingConfig> = {}): TrainingConfig {
  return testConfig({
    preset,
    dice: 0.7,
    classWeights: [1, 2, 3, 0.5],
    batchNorm: 'frozen',
    optimiser: { learningRate: 0.01, warmup: 0, weightDecay: 0.1 },
    ...changes,
  });
}

describe.each(presets.filter(({ id }) => id.startsWith('nano-')))('$id', (named) => {
  // Four pixels at least in the deepest maps: batch norms of fewer values amplify rounding.
  const slicePx = named.contextKind === 'same' ? 128 : 64;
  const contextPx = named.contextPx === null ? null : 64;
  // Encoders of full length: in the form for WebGPU below.
  const preset = { ...withShortEncoders(named), slicePx, contextPx };

  it.each(['frozen', 'batch'] as const)(
    'has the gradients of the eager network, batch norm %s',
    async (batchNorm) => {
      const config = configOf(named.id, { batchNorm });
      // Rounding turns a ReLU or a maximum near a tie now and then, and with it every gradient before it: a variable passes
      // if its gradient agrees on one of three batches. A wrong derivative agrees on none.
      let left: string[] | null = null;
      for (let batch = 0; batch < 3 && left?.length !== 0; batch++) {
        const samples = [0, 1].map((index) => randomSample(preset, 2 * batch + index));
        const wrong = await wrongGradients(preset, config, samples);
        left = left === null ? wrong : left.filter((name) => wrong.includes(name));
      }
      expect(left).toEqual([]);
    },
  );
});

it('has the same gradients in the form for WebGPU', async () => {
  const preset = { ...presets.find(({ id }) => id === 'nano-add')!, slicePx: 64, contextPx: 64 };
  const samples = [0, 1].map((index) => randomSample(preset, index));
  expect(await wrongGradients(preset, configOf(preset.id), samples, 'webgpu')).toEqual([]);
});

/** Checks the loss and the moving statistics. @returns variables whose gradients differ from the eager network's */
async function wrongGradients(
  preset: Preset,
  config: TrainingConfig,
  samples: readonly Sample[],
  target: GraphTarget = 'cpu',
): Promise<string[]> {
  const eager = new NetworkGradient(preset, config);
  eager.calibrate(samples, () => true);
  const weights = await eager.variables.read();
  const expected = await eager.compute(samples, 77);
  const moved = await eager.variables.read((name) => name.includes('/moving_'));
  eager.dispose();

  const step = trainingStep(preset, config, samples.length, { kind: 'gradient' }, target);
  expect([...step.parameters.keys()].sort()).toEqual([...weights.keys()].sort());
  const state = new StepState();
  const variables = new StepVariables(step.parameters, state);
  for (const [name, value] of weights) {
    variables.write(name, value);
    if (expected.gradients.has(name)) {
      variables.write(name, { ...value, data: new Float32Array(value.data.length) }, gradientPrefix);
    }
  }
  const session = await StepSession.open(await loadOrt(), step, { threads: 1, optimise: false });
  const feeds = batchFeeds(step, preset, config, samples, 77);
  for (const scalar of [stepInputs.share, stepInputs.keep])
    feeds.set(scalar, { data: Float32Array.of(1), shape: [] });
  const others = await session.run(state, feeds);
  await session.close();

  expect(others.get('loss')![0]).toBeCloseTo(expected.loss, 4);
  for (const [name, { data }] of moved)
    expect(relativeError(variables.read(name).data, data), name).toBeLessThan(1e-4);
  return [...expected.gradients].flatMap(([name, gradient]) => {
    const { data } = variables.read(name, gradientPrefix);
    return relativeError(data, gradient) < 1e-4 ? [] : [name];
  });
}

/** Norm of the deviation over the norm of what is expected. */
function relativeError(found: Float32Array, expected: Float32Array): number {
  let [error, norm] = [0, 1e-12];
  expected.forEach((value, i) => {
    error += (value - (found[i] ?? NaN)) ** 2;
    norm += value ** 2;
  });
  return Number.isNaN(error) ? Infinity : Math.sqrt(error / norm);
}
