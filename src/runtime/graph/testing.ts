/** Shared by the tests of exported graphs: networks with random weights, and the eager reference. */
import * as tf from '@tensorflow/tfjs-core';
import type { NetworkInput } from '../../model/refinenet.ts';
import type { Ops } from '../../model/ops.ts';
import { EagerOps } from '../eager.ts';
import type { ManifestFields } from './export-model.ts';
import { mulberry32, VariableStore, type WeightArray, type Weights } from '../variables.ts';

/** A network of any interpreter. */
export type NetworkFunction = <T>(ops: Ops<T>, input: NetworkInput<T>) => T;

export interface TestInputs {
  readonly slice: tf.Tensor4D;
  readonly context: tf.Tensor4D | null;
  readonly sliceInContext: tf.Tensor4D | null;
}

/** Random images with some structure, RGB 0 to 255, and boxes within the context. */
export function randomInputs(batch: number, slicePx: number, contextPx: number | null, seed = 1): TestInputs {
  const random = mulberry32(seed);
  const image = (side: number): tf.Tensor4D => {
    const values = new Float32Array(batch * side * side * 3);
    for (let i = 0; i < values.length; i++) {
      const wave = Math.sin(i / (40 + (i % 3))) * Math.cos(i / (side * 9));
      values[i] = Math.round(Math.min(255, Math.max(0, 128 + 90 * wave + 60 * (random() - 0.5))));
    }
    return tf.tensor4d(values, [batch, side, side, 3]);
  };
  const boxes = Array.from({ length: batch }, (_, i) => [0.1 + 0.2 * i, 0.3, 0.45 + 0.2 * i, 0.71]).flat();
  return {
    slice: image(slicePx),
    context: contextPx === null ? null : image(contextPx),
    sliceInContext: contextPx === null ? null : tf.tensor4d(boxes, [batch, 1, 1, 4]),
  };
}

/**
 * Random weights for every variable of a network: batch norm statistics far from (0, 1) and non-zero biases,
 * so that forgetting one shows.
 */
export async function randomWeights(
  network: NetworkFunction,
  inputs: TestInputs,
  seed = 7,
): Promise<Weights> {
  const store = new VariableStore(seed);
  tf.tidy(() => {
    void runEager(network, store, inputs);
  });
  const weights = new Map<string, WeightArray>();
  for (const [name, { shape, data }] of await store.read()) {
    const random = mulberry32(seed + weights.size);
    const uniform = (low: number, high: number): Float32Array =>
      data.map(() => low + (high - low) * random());
    // Kernels that start at 0 would hide what is in front of them.
    const values = name.endsWith('/kernel')
      ? data.some((value) => value !== 0)
        ? data
        : uniform(-0.3, 0.3)
      : name.endsWith('/moving_variance') || name.endsWith('/gamma')
        ? uniform(0.5, 1.5)
        : uniform(-0.3, 0.3);
    weights.set(name, { shape, data: values });
  }
  store.dispose();
  return weights;
}

/** Logits of a network with given weights, by the eager interpreter with unfolded batch norm. */
export async function eagerLogits(
  network: NetworkFunction,
  weights: Weights,
  inputs: TestInputs,
): Promise<{ shape: number[]; data: Float32Array }> {
  const store = new VariableStore(1);
  store.load(weights);
  const result = tf.tidy(() => runEager(network, store, inputs));
  const data = Float32Array.from(await result.data());
  result.dispose();
  store.dispose();
  return { shape: result.shape, data };
}

/** Largest difference, relative to the largest magnitude of the reference. */
export function relativeError(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (actual.length !== reference.length) return Number.POSITIVE_INFINITY;
  let [difference, magnitude] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    const distance = Math.abs((actual[i] ?? NaN) - (reference[i] ?? NaN));
    if (!(distance <= difference)) difference = distance;
    magnitude = Math.max(magnitude, Math.abs(reference[i] ?? 0));
  }
  return difference / magnitude;
}

/** Root mean square of the difference, relative to that of the reference. */
export function relativeRms(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (actual.length !== reference.length) return Number.POSITIVE_INFINITY;
  let [difference, magnitude] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    difference += ((actual[i] ?? NaN) - (reference[i] ?? NaN)) ** 2;
    magnitude += (reference[i] ?? 0) ** 2;
  }
  return Math.sqrt(difference / magnitude);
}

function runEager(network: NetworkFunction, store: VariableStore, inputs: TestInputs): tf.Tensor4D {
  const ops = new EagerOps(store, { norm: 'reference', dropoutSeed: null });
  const { slice, context, sliceInContext } = inputs;
  return network(ops, {
    slice: ops.input(slice),
    context: context && ops.input(context),
    sliceInContext: sliceInContext && ops.input(sliceInContext),
  }).tensor;
}

/** A complete manifest except for what the exporter adds. */
export function manifestFields(sizes: {
  slicePx: number;
  contextPx: number | null;
  classes: number;
}): ManifestFields {
  const { slicePx, contextPx, classes } = sizes;
  return {
    id: 'test-model',
    title: 'Test model',
    description: 'A network with random weights: "quoted", with a colon.',
    preset: 'test',
    encoder: 'none',
    contextEncoder: contextPx === null ? null : 'none',
    fusion: contextPx === null ? 'none' : 'aligned',
    classes: Array.from({ length: classes }, (_, i) => ({
      name: `class ${i}`,
      colour: '#0072B2',
      background: i === 0,
    })),
    slice: { fieldUm: 467, sizePx: slicePx },
    context: contextPx === null ? null : { kind: 'region', fieldUm: 2335, sizePx: contextPx },
    parameters: 1000,
    macs: 1e6,
    macsReusedContext: 5e5,
    provenance: {
      data: 'noise',
      synthetic: true,
      dataLicence: 'CC0-1.0',
      licence: 'Apache-2.0',
      split: 'none',
      seed: 1,
      steps: 0,
      date: '2026-11-22',
      codeVersion: '0.1.0',
    },
    metrics: null,
    intendedUse: 'Tests.',
  };
}
