import type * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel, type GraphModel } from '@tensorflow/tfjs-converter';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Weights } from '../variables.ts';
import { recordNetwork, toGraphModel } from './graph-model.ts';
import { dualNetwork, singleNetwork } from './test-networks.ts';
import {
  eagerLogits,
  randomInputs,
  randomWeights,
  relativeError,
  type Network,
  type TestInputs,
} from './testing.ts';
import { initialiseNodeBackend } from '../backend.node.ts';
import type { WeightType } from './weight-shards.ts';

beforeAll(() => initialiseNodeBackend('wasm'));

interface GraphJson {
  modelTopology: { node: { name: string; op: string; input: string[]; attr: Record<string, unknown> }[] };
  weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
  signature: { inputs: Record<string, unknown>; outputs: Record<string, unknown> };
}

async function exported(
  network: Network,
  weights: Weights,
  sizes: { slice: number; context: number | null },
  type: WeightType,
): Promise<{ model: GraphModel; json: GraphJson }> {
  const files = toGraphModel(recordNetwork(network, weights, sizes), type, 'test');
  const json = JSON.parse(new TextDecoder().decode(files.modelJson)) as GraphJson;
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      signature: json.signature,
      weightSpecs: json.weightsManifest[0]!.weights,
      weightData: files.shards.map((shard) => shard.data.buffer),
    }),
  });
  return { model, json };
}

function feeds({ slice, context, sliceInContext }: TestInputs): tf.NamedTensorMap {
  return {
    slice,
    ...(context && { context }),
    ...(sliceInContext && { slice_in_context: sliceInContext }),
  };
}

describe.each([
  ['single input', singleNetwork, 50, null],
  ['two inputs', dualNetwork, 32, 48],
] as const)('%s', (_, network, slice, context) => {
  it.each([
    ['float32', 1e-5],
    ['float16', 5e-3],
  ] as const)('graph with %s weights equals eager', async (type, tolerance) => {
    const inputs = randomInputs(2, slice, context);
    const wide: Network = (ops, input) => ops.resizeBilinear(network(ops, input), slice, slice);
    const weights = await randomWeights(wide, inputs);
    const reference = await eagerLogits(wide, weights, inputs);
    const { model } = await exported(network, weights, { slice, context }, type);
    const logits = model.execute(feeds(inputs), 'logits') as tf.Tensor;
    expect(logits.shape).toEqual(reference.shape);
    expect(relativeError(await logits.data(), reference.data)).toBeLessThan(tolerance);
  });
});
