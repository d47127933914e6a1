import type * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel, type GraphModel } from '@tensorflow/tfjs-converter';
import { beforeAll, describe, expect, it } from 'vitest';
import { fullSizeLogits } from '../../model/network.ts';
import { presets } from '../../model/presets.ts';
import { initialiseNodeBackend } from '../backend.node.ts';
import type { Weights } from '../variables.ts';
import { recordNetwork, toGraphModel, type RecordedNetwork } from './graph-model.ts';
import { dualNetwork, singleNetwork } from './test-networks.ts';
import {
  eagerLogits,
  randomInputs,
  randomWeights,
  relativeError,
  relativeRms,
  type NetworkFunction,
  type TestInputs,
} from './testing.ts';
import type { WeightType } from '../manifest.ts';

beforeAll(() => initialiseNodeBackend('wasm'));

interface GraphJson {
  modelTopology: { node: { name: string; op: string; input: string[]; attr: Record<string, unknown> }[] };
  weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
  signature: { inputs: Record<string, unknown>; outputs: Record<string, unknown> };
}

interface Sizes {
  readonly slice: number;
  readonly context: number | null;
}

async function exported(
  network: NetworkFunction,
  weights: Weights,
  sizes: Sizes,
  type: WeightType,
): Promise<{ model: GraphModel; json: GraphJson; recorded: RecordedNetwork }> {
  const recorded = recordNetwork(network, weights, sizes);
  const files = toGraphModel(recorded, type, 'test');
  const json = JSON.parse(new TextDecoder().decode(files.modelJson)) as GraphJson;
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      signature: json.signature,
      weightSpecs: json.weightsManifest[0]!.weights,
      weightData: files.shards.map((shard) => shard.data.buffer),
    }),
  });
  return { model, json, recorded };
}

function feeds({ slice, context, sliceInContext }: TestInputs, recorded: RecordedNetwork): tf.NamedTensorMap {
  return {
    slice,
    ...(context && recorded.context && { context }),
    ...(sliceInContext && recorded.sliceInContext && { slice_in_context: sliceInContext }),
  };
}

function count(json: GraphJson, op: string): number {
  return json.modelTopology.node.filter((node) => node.op === op).length;
}

/** Every small network, at sizes without a common divisor. */
const networks: [string, NetworkFunction, Sizes][] = [
  ['a network of every operation', singleNetwork, { slice: 50, context: null }],
  ['a network of two inputs', dualNetwork, { slice: 32, context: 48 }],
  ...presets
    .filter((preset) => preset.id.startsWith('nano-'))
    .map(({ id, network, contextPx }): [string, NetworkFunction, Sizes] => [
      id,
      (ops, input) => fullSizeLogits(ops, input, network),
      { slice: 70, context: contextPx === null ? null : 90 },
    ]),
];

describe.each(networks)('%s', (_, network, sizes) => {
  const resized: NetworkFunction = (ops, input) =>
    ops.resizeBilinear(network(ops, input), sizes.slice, sizes.slice);

  it('gives as a graph what it gives eagerly', async () => {
    const inputs = randomInputs(2, sizes.slice, sizes.context);
    const weights = await randomWeights(resized, inputs);
    const reference = await eagerLogits(resized, weights, inputs);

    const exact = await exported(network, weights, sizes, 'float32');
    const logits = exact.model.execute(feeds(inputs, exact.recorded), 'logits') as tf.Tensor;
    expect(logits.shape).toEqual(reference.shape);
    expect(relativeError(await logits.data(), reference.data)).toBeLessThan(1e-5);

    // Half precision rounds every kernel by up to 2^-12. Over the dozens of layers of these networks, with
    // random statistics, that adds up to one or two thousandths.
    const half = await exported(network, weights, sizes, 'float16');
    const rounded = half.model.execute(feeds(inputs, half.recorded), 'logits') as tf.Tensor;
    expect(relativeRms(await rounded.data(), reference.data)).toBeLessThan(3e-3);
    exact.model.dispose();
    half.model.dispose();
  });

  it('gives the same with the context encoded beforehand', async () => {
    if (sizes.context === null) return;
    const inputs = randomInputs(1, sizes.slice, sizes.context);
    const { model, recorded } = await exported(
      network,
      await randomWeights(resized, inputs),
      sizes,
      'float16',
    );
    const { context, ...slice } = feeds(inputs, recorded);
    const names = recorded.contextFeatures.map((node) => node.label!);
    expect(names.length).toBeGreaterThan(0);
    const features = [model.execute({ context: context! }, names)].flat();
    const fed = Object.fromEntries(names.map((name, index) => [name, features[index]!]));
    const split = model.execute({ ...slice, ...fed }, 'logits') as tf.Tensor;
    const joint = model.execute({ ...slice, context: context! }, 'logits') as tf.Tensor;
    expect(relativeError(await split.data(), await joint.data())).toBeLessThan(1e-5);
  });
});

describe('the exported graph', () => {
  it('has no batch norm left, and every possible ReLU is fused', async () => {
    const preset = presets.find(({ id }) => id === 'nano-attention')!;
    const network: NetworkFunction = (ops, input) => fullSizeLogits(ops, input, preset.network);
    const inputs = randomInputs(1, 64, 64);
    const { json } = await exported(
      network,
      await randomWeights(network, inputs),
      { slice: 64, context: 64 },
      'float16',
    );
    expect(json.modelTopology.node.filter(({ op }) => op.includes('BatchNorm'))).toEqual([]);
    // Remaining multiplications: two inputs normalised, three gates, and two of the packed output.
    expect(count(json, 'Mul')).toBe(7);
    const fusedRelu = json.modelTopology.node.filter(
      ({ op, attr }) => op === '_FusedConv2D' && JSON.stringify(attr.fused_ops).includes(btoa('Relu')),
    );
    expect(fusedRelu.length).toBeGreaterThan(20);
    // A ReLU is separate only after something other than a convolution that it alone reads.
    const nodes = new Map(json.modelTopology.node.map((node) => [node.name, node]));
    for (const relu of json.modelTopology.node.filter(({ op }) => op === 'Relu')) {
      const [name] = relu.input;
      const readers = json.modelTopology.node.filter(({ input }) => input.includes(name!));
      const producer = nodes.get(name!)!;
      expect(producer.op.includes('Conv2D') && readers.length === 1, `${relu.name} reads ${name}`).toBe(
        false,
      );
    }
  });

  it('uses only operations that every backend has', async () => {
    const used = new Set<string>();
    for (const [, network, sizes] of networks) {
      const inputs = randomInputs(1, sizes.slice, sizes.context);
      const { json } = await exported(network, await randomWeights(network, inputs), sizes, 'float16');
      for (const { op } of json.modelTopology.node) used.add(op);
    }
    expect([...used].sort()).toEqual(
      [
        'AddV2',
        'ArgMax',
        'BatchMatMulV2',
        'Cast',
        'ConcatV2',
        'Const',
        'Conv2D',
        'CropAndResize',
        'Cumsum',
        'DepthToSpace',
        'Max',
        'MaxPool',
        'Mean',
        'Mul',
        'OnesLike',
        'PadV2',
        'Placeholder',
        'Relu',
        'Reshape',
        'ResizeBilinear',
        'Sigmoid',
        'Slice',
        'Softmax',
        '_FusedConv2D',
      ].sort(),
    );
  });

  it('packs the winning class and its probability', async () => {
    const inputs = randomInputs(2, 50, null);
    const { model } = await exported(
      singleNetwork,
      await randomWeights(singleNetwork, inputs),
      { slice: 50, context: null },
      'float32',
    );
    const [logits, packed] = model.execute({ slice: inputs.slice }, ['logits', 'packed']) as tf.Tensor[];
    expect(packed!.dtype).toBe('int32');
    expect(packed!.shape).toEqual([2, 50, 50]);
    const [scores, values] = [await logits!.data(), await packed!.data()];
    for (let pixel = 0; pixel < values.length; pixel++) {
      const row = Array.from(scores.slice(3 * pixel, 3 * pixel + 3));
      const best = Math.max(...row);
      const probability = 1 / row.reduce((sum, score) => sum + Math.exp(score - best), 0);
      expect(values[pixel]! >> 8).toBe(row.indexOf(best));
      expect(Math.abs((values[pixel]! & 255) - 255 * probability)).toBeLessThan(0.51);
    }
  });

  it('declares its inputs and outputs with an open batch', async () => {
    const inputs = randomInputs(1, 32, 48);
    const { json } = await exported(
      dualNetwork,
      await randomWeights(dualNetwork, inputs),
      { slice: 32, context: 48 },
      'float16',
    );
    expect(json.signature.inputs).toEqual({
      slice: {
        name: 'slice:0',
        dtype: 'DT_FLOAT',
        tensorShape: { dim: [{ size: '-1' }, { size: '32' }, { size: '32' }, { size: '3' }] },
      },
      context: {
        name: 'context:0',
        dtype: 'DT_FLOAT',
        tensorShape: { dim: [{ size: '-1' }, { size: '48' }, { size: '48' }, { size: '3' }] },
      },
      slice_in_context: {
        name: 'slice_in_context:0',
        dtype: 'DT_FLOAT',
        tensorShape: { dim: [{ size: '-1' }, { size: '1' }, { size: '1' }, { size: '4' }] },
      },
    });
    expect(Object.keys(json.signature.outputs)).toEqual(['logits', 'packed']);
  });

  it('splits the weights into shards of at most 4 MB', async () => {
    const { shards, weightsBytes } = toGraphModel(
      recordNetwork(
        (ops, { slice }) => ops.conv2d(slice, 'wide', { filters: 400_000, kernel: 1, bias: true }),
        new Map([
          [
            'wide/kernel',
            { shape: [1, 1, 3, 400_000], data: new Float32Array(1_200_000).map((_, i) => i % 2048) },
          ],
          ['wide/bias', { shape: [400_000], data: new Float32Array(400_000) }],
        ]),
        { slice: 1, context: null },
      ),
      'float32',
      'test',
    );
    expect(shards.map(({ data }) => data.length).slice(0, -1)).toEqual([4_000_000]);
    expect(shards.reduce((sum, { data }) => sum + data.length, 0)).toBe(weightsBytes);
    expect(new Set(shards.map(({ name }) => name)).size).toBe(shards.length);
  });
});
