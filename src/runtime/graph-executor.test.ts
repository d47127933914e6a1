import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel, type GraphModel } from '@tensorflow/tfjs-converter';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fullSizeLogits } from '../model/network.ts';
import { presetById } from '../model/presets.ts';
import { initialiseNodeBackend } from './backend.node.ts';
import { GraphExecutor } from './graph-executor.ts';
import type { TopologyNode } from './node-attributes.ts';
import { recordNetwork, toGraphModel } from './graph/graph-model.ts';
import { dualNetwork, singleNetwork } from './graph/test-networks.ts';
import { randomInputs, randomWeights, type NetworkFunction } from './graph/testing.ts';

interface Loaded {
  readonly model: GraphModel;
  readonly nodes: readonly TopologyNode[];
  readonly executor: GraphExecutor;
  readonly feeds: tf.NamedTensorMap;
  readonly features: readonly string[];
}

async function load(network: NetworkFunction, context: number | null): Promise<Loaded> {
  const inputs = randomInputs(2, 50, context);
  const recorded = recordNetwork(network, await randomWeights(network, inputs), { slice: 50, context });
  const files = toGraphModel(recorded, 'float32', 'test');
  const json = JSON.parse(new TextDecoder().decode(files.modelJson)) as {
    modelTopology: { node: TopologyNode[] };
    weightsManifest: [{ weights: tf.io.WeightsManifestEntry[] }];
  };
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest[0].weights,
      weightData: files.shards.map(({ data }) => data.buffer),
    }),
  });
  const executor = GraphExecutor.of(json.modelTopology.node, model.weights);
  if (executor === null) throw new Error('The executor lacks an operation.');
  const feeds = {
    slice: inputs.slice,
    ...(inputs.context && { context: inputs.context }),
    ...(inputs.sliceInContext && recorded.sliceInContext && { slice_in_context: inputs.sliceInContext }),
  };
  const features = recorded.contextFeatures.flatMap(({ label }) => label ?? []);
  return { model, nodes: json.modelTopology.node, executor, feeds, features };
}

const outputs = ['packed', 'logits'];
const networks: [string, NetworkFunction, number | null][] = [
  ['a network of every operation', singleNetwork, null],
  ['a network of two inputs', dualNetwork, 60],
  ...['nano-attention', 'nano-aligned', 'nano-cross-attention'].map(
    (id): [string, NetworkFunction, number] => [
      id,
      (ops, input) => fullSizeLogits(ops, input, presetById(id).network),
      60,
    ],
  ),
];

afterEach(() => vi.restoreAllMocks());

describe.each(['wasm', 'cpu'] as const)('on %s', (backend) => {
  it.each(networks)('%s gives the same bits as GraphModel, and leaks nothing', async (_, network, px) => {
    await initialiseNodeBackend(backend);
    const { model, executor, feeds, features } = await load(network, px);
    const expected = model.execute(feeds, outputs) as tf.Tensor[];
    const before = tf.backend().numDataIds();
    const given = executor.execute(feeds, outputs)!;
    expect(tf.backend().numDataIds()).toBe(before + outputs.length);
    expect(given.map(({ shape, dtype }) => [shape, dtype])).toEqual(
      expected.map(({ shape, dtype }) => [shape, dtype]),
    );
    for (const [i, tensor] of given.entries()) {
      expect(Array.from(tensor.dataSync())).toEqual(Array.from(expected[i]!.dataSync()));
    }
    tf.dispose(given);
    if (px !== null) {
      // Encodes the context once and feeds its features back.
      const { context, ...rest } = feeds;
      const encoded = executor.execute({ context: context! }, features)!;
      const named = Object.fromEntries(features.map((name, i) => [name, encoded[i]!]));
      const [packed] = executor.execute({ ...rest, ...named }, ['packed'])!;
      expect(Array.from(packed!.dataSync())).toEqual(Array.from(expected[0]!.dataSync()));
      tf.dispose([encoded, packed!]);
    }
    expect(tf.backend().numDataIds()).toBe(before);
    tf.dispose([expected, feeds]);
    model.dispose();
  });
});

it('frees its intermediate values when a kernel fails', async () => {
  await initialiseNodeBackend('cpu');
  const { model, executor, feeds } = await load(singleNetwork, null);
  const before = tf.backend().numDataIds();
  const pool = vi.spyOn(tf.getKernel('Softmax', 'cpu'), 'kernelFunc');
  pool.mockImplementation(() => {
    throw new Error('out of memory');
  });
  expect(() => executor.execute(feeds, outputs)).toThrow('out of memory');
  expect(tf.backend().numDataIds()).toBe(before);
  expect(() => executor.execute({}, outputs)).toThrow(/"slice" was not given/);
  tf.dispose(feeds);
  model.dispose();
});

it('leaves graphs with other operations to GraphModel', () => {
  expect(GraphExecutor.of([{ name: 'a', op: 'Erf', input: ['x'] }], {})).toBeNull();
});
