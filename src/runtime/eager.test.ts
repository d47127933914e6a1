/** The eager interpreter satisfies the contract of every preset. */
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  encodeContext,
  fullSizeLogits,
  fullSizeLogitsOfSlice,
  network,
  readsContext,
} from '../model/network.ts';
import { presetById, presets, type Preset } from '../model/presets.ts';
import type { ContextPath } from '../model/refinenet.ts';
import { EagerOps, type EagerMap, type EagerOptions } from './eager.ts';
import { useTestBackend } from './test-backend.ts';
import { VariableStore } from './variables.ts';
import { presetCost } from './zoo.ts';

const side = 64;
const frozen: EagerOptions = { norm: 'frozen', dropoutSeed: null };

interface Inputs {
  readonly slice: tf.Tensor4D;
  readonly context: tf.Tensor4D;
  readonly boxes: tf.Tensor4D;
}

function inputs(batch: number): Inputs {
  const image = (seed: number): tf.Tensor4D =>
    tf.randomUniform<tf.Rank.R4>([batch, side, side, 3], 0, 255, 'float32', seed);
  const box = [0.2, 0.4, 0.4, 0.6];
  const boxes = tf.tensor4d(Array.from({ length: batch }, () => box).flat(), [batch, 1, 1, 4]);
  return { slice: image(1), context: image(2), boxes };
}

function asInput(ops: EagerOps, { slice, context, boxes }: Inputs): Parameters<typeof network<EagerMap>>[1] {
  return { slice: ops.input(slice), context: ops.input(context), sliceInContext: ops.input(boxes) };
}

function logits(store: VariableStore, preset: Preset, given: Inputs, options = frozen): tf.Tensor4D {
  return tf.tidy(() => {
    const ops = new EagerOps(store, options);
    return network(ops, asInput(ops, given), preset.network).tensor;
  });
}

function largestDifference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.div(tf.abs(tf.sub(a, b)), tf.max(tf.abs(b)))).dataSync()[0]!);
}

/** Gives batch norms distinct statistics and factors, so that a mistake in folding shows. */
async function disturb(store: VariableStore): Promise<void> {
  const weights = await store.read();
  let i = 0;
  for (const [name, { data }] of weights) {
    if (!name.includes('/norm/')) continue;
    data.forEach((value, k) => {
      const wave = Math.sin(++i);
      data[k] = name.endsWith('variance') ? value * (1 + 0.5 * wave) : value + 0.2 * wave;
    });
  }
  store.load(weights);
}

/** Fills kernels that start at zero, so that what they join counts. */
async function open(store: VariableStore): Promise<void> {
  const weights = await store.read();
  let i = 0;
  for (const [name, { data }] of weights) {
    if (!name.endsWith('/kernel') || data.some((value) => value !== 0)) continue;
    data.forEach((_, k) => (data[k] = 0.2 * Math.sin(++i)));
  }
  store.load(weights);
}

const nano = presets.filter(({ id }) => id.startsWith('nano-'));

describe.each(nano.map((preset) => [preset.id, preset] as const))('%s', (_id, preset) => {
  beforeAll(async () => {
    await useTestBackend('wasm');
  });

  it('has the variables that the cost interpreter counts; gradients reach each trainable one', async () => {
    const start = tf.memory().numTensors;
    const store = new VariableStore(4);
    const given = inputs(2);
    logits(store, preset, given, { norm: 'calibrate', dropoutSeed: null }).dispose();
    await open(store);
    const cost = presetCost(preset);
    expect(new Set(store.names)).toEqual(new Set(cost.variables.keys()));
    for (const [name, { shape }] of await store.read())
      expect(shape).toEqual(cost.variables.get(name)!.shape);

    const variables = store.trainable();
    const before = tf.memory().numTensors;
    const { value, grads } = tf.variableGrads(
      () =>
        tf.tidy(() => tf.mean(tf.square(logits(store, preset, given, { norm: 'frozen', dropoutSeed: 3 })))),
      [...variables.values()],
    );
    const silent = [...variables].filter(([, variable]) => {
      const gradient = grads[variable.name];
      return gradient === undefined || tf.tidy(() => tf.max(tf.abs(gradient)).dataSync()[0] === 0);
    });
    expect(silent.map(([name]) => name)).toEqual([]);
    tf.dispose([value, ...Object.values(grads)]);
    expect(tf.memory().numTensors).toBe(before);
    store.dispose();
    tf.dispose([given.slice, given.context, given.boxes]);
    expect(tf.memory().numTensors).toBe(start);
  });

  it('folds batch norm exactly, with any statistics', async () => {
    const store = new VariableStore(4);
    const given = inputs(1);
    logits(store, preset, given, { norm: 'calibrate', dropoutSeed: null }).dispose();
    await open(store);
    await disturb(store);
    const folded = logits(store, preset, given);
    const reference = logits(store, preset, given, { norm: 'reference', dropoutSeed: null });
    expect(largestDifference(folded, reference)).toBeLessThan(1e-4);
    store.dispose();
    tf.dispose([folded, reference, given.slice, given.context, given.boxes]);
  });

  if (readsContext(preset.network)) {
    it('gives the same when the context is encoded once and its slices follow', async () => {
      const store = new VariableStore(4);
      const given = inputs(1);
      logits(store, preset, given, { norm: 'calibrate', dropoutSeed: null }).dispose();
      await open(store);
      const [joint, split] = tf.tidy(() => {
        const ops = new EagerOps(store, frozen);
        const whole = fullSizeLogits(ops, asInput(ops, given), preset.network).tensor;
        const once = new EagerOps(store, frozen);
        const features = encodeContext(once, once.input(given.context), preset.network).map((f) => f.tensor);
        const then = new EagerOps(store, frozen);
        const fed = features.map((tensor) => then.feature(tensor)) as unknown as ContextPath<EagerMap>;
        return [whole, fullSizeLogitsOfSlice(then, asInput(then, given), fed, preset.network).tensor];
      });
      expect(largestDifference(split, joint)).toBeLessThan(1e-5);
      store.dispose();
      tf.dispose([joint, split, given.slice, given.context, given.boxes]);
    });
  }
});

describe('full size', () => {
  it.each(['resnet50-single', 'resnet50-attention'])('%s allocates what is counted', async (id) => {
    await useTestBackend('wasm');
    const preset = presetById(id);
    const store = new VariableStore(null);
    const cost = presetCost(preset);
    // Interprets only the network's shapes: values are computed on demand.
    tf.tidy(() => {
      const ops = new EagerOps(store, { norm: 'reference', dropoutSeed: null });
      network(ops, asInput(ops, inputs(1)), preset.network);
    });
    expect(new Set(store.names)).toEqual(new Set(cost.variables.keys()));
    let allocated = 0;
    for (const variable of store.trainable().values()) allocated += variable.size;
    expect(allocated).toBe(cost.parameters);
    store.dispose();
  });
});
