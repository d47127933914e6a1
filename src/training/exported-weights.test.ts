/**
 * Compares the eager interpreter with the exported graph on trained weights: the float32 variables that the
 * shipped nano-attention was exported from, on the golden slices of the shipped models.
 */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { beforeAll, describe, expect, it } from 'vitest';
import { fullSizeLogits } from '../model/network.ts';
import { presetById } from '../model/presets.ts';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { recordNetwork, toGraphModel } from '../runtime/graph/graph-model.ts';
import { eagerLogits, relativeError, relativeRms, type NetworkFunction } from '../runtime/graph/testing.ts';
import type { WeightType } from '../runtime/manifest.ts';
import type { Weights } from '../runtime/variables.ts';
import { decodeCheckpoint } from './checkpoint.ts';

const preset = presetById('nano-attention');
const network: NetworkFunction = (ops, input) => fullSizeLogits(ops, input, preset.network);

interface GraphJson {
  readonly modelTopology: object;
  readonly signature: object;
  readonly weightsManifest: readonly [{ readonly weights: tf.io.WeightsManifestEntry[] }];
}

async function goldenImage(model: string, name: string): Promise<tf.Tensor4D> {
  const bytes = await readFile(new URL(`../../models/${model}/golden-${name}.bin`, import.meta.url));
  return tf.tensor4d(Float32Array.from(bytes), [1, preset.slicePx, preset.slicePx, 3]);
}

async function graphLogits(
  weights: Weights,
  type: WeightType,
  feeds: tf.NamedTensorMap,
): Promise<Float32Array> {
  const sizes = { slice: preset.slicePx, context: preset.contextPx };
  const { modelJson, shards } = toGraphModel(recordNetwork(network, weights, sizes), type, 'test');
  const json = JSON.parse(new TextDecoder().decode(modelJson)) as GraphJson;
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      signature: json.signature,
      weightSpecs: json.weightsManifest[0].weights,
      weightData: shards.map((shard) => shard.data.buffer),
    }),
  });
  const logits = model.execute(feeds, 'logits') as tf.Tensor;
  const data = Float32Array.from(await logits.data());
  logits.dispose();
  model.dispose();
  return data;
}

/** Share of pixels whose class differs. */
function changedClasses(a: Float32Array, b: Float32Array, classes: number): number {
  const winner = (logits: Float32Array, pixel: number): number => {
    const here = logits.subarray(pixel * classes, (pixel + 1) * classes);
    return here.indexOf(Math.max(...here));
  };
  const pixels = a.length / classes;
  let changed = 0;
  for (let pixel = 0; pixel < pixels; pixel++) if (winner(a, pixel) !== winner(b, pixel)) changed++;
  return changed / pixels;
}

describe('trained weights of nano-attention', () => {
  let weights: Weights;
  beforeAll(async () => {
    await initialiseNodeBackend('wasm');
    const file = new URL('./golden/nano-attention.checkpoint.bin', import.meta.url);
    weights = decodeCheckpoint(await readFile(file), file.pathname).variables;
  });

  it.each(['nano-attention', 'nano-add'])('eager equals graph on the golden slice of %s', async (model) => {
    const slice = await goldenImage(model, 'slice');
    const context = await goldenImage(model, 'context');
    const reference = await eagerLogits(network, weights, { slice, context, sliceInContext: null });
    const exact = await graphLogits(weights, 'float32', { slice, context });
    expect(relativeError(exact, reference.data)).toBeLessThan(1e-5);
    const half = await graphLogits(weights, 'float16', { slice, context });
    expect(relativeRms(half, reference.data)).toBeLessThan(1e-3);
    expect(changedClasses(half, exact, preset.network.classes)).toBeLessThanOrEqual(0.005);
    tf.dispose([slice, context]);
  });
});
