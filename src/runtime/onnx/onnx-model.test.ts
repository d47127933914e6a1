import * as ort from 'onnxruntime-web';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { fullSizeLogits } from '../../model/network.ts';
import { presets } from '../../model/presets.ts';
import { initialiseNodeBackend } from '../backend.node.ts';
import { dualNetwork, singleNetwork } from '../graph/test-networks.ts';
import {
  eagerLogits,
  randomInputs,
  randomWeights,
  relativeError,
  type NetworkFunction,
  type TestInputs,
} from '../graph/testing.ts';
import { recordNetwork, type RecordedNetwork } from '../graph/graph-model.ts';
import { onnxOpsets, toOnnx, type OnnxOptions } from './onnx-model.ts';

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  ort.env.wasm.numThreads = 1;
});

async function feeds(inputs: TestInputs, recorded: RecordedNetwork): Promise<Record<string, ort.Tensor>> {
  const given = { slice: inputs.slice, context: inputs.context, slice_in_context: inputs.sliceInContext };
  const result: Record<string, ort.Tensor> = {};
  for (const { label } of recorded.inputs) {
    const tensor = given[label as keyof typeof given]!;
    result[label!] = new ort.Tensor('float32', Float32Array.from(await tensor.data()), tensor.shape);
  }
  return result;
}

const networks: [string, NetworkFunction, { slice: number; context: number | null }][] = [
  ['a network of every operation', singleNetwork, { slice: 50, context: null }],
  ['a network of two inputs', dualNetwork, { slice: 32, context: 48 }],
  ...presets
    .filter((preset) => preset.id.startsWith('nano-'))
    .map(
      ({ id, network, contextPx }): [string, NetworkFunction, { slice: number; context: number | null }] => [
        id,
        (ops, input) => fullSizeLogits(ops, input, network),
        { slice: 70, context: contextPx === null ? null : 90 },
      ],
    ),
];

describe.each(networks)('%s as ONNX', (_, network, sizes) => {
  it('computes in ONNX Runtime what it computes eagerly, for a batch of two', async () => {
    const resized: NetworkFunction = (ops, input) =>
      ops.resizeBilinear(network(ops, input), sizes.slice, sizes.slice);
    const inputs = randomInputs(2, sizes.slice, sizes.context);
    const weights = await randomWeights(resized, inputs);
    const reference = await eagerLogits(resized, weights, inputs);
    const recorded = recordNetwork(network, weights, sizes);
    const file = toOnnx(recorded, { dtype: 'float32', producer: 'test' });
    const session = await ort.InferenceSession.create(file);
    const { logits, packed } = await session.run(await feeds(inputs, recorded));
    expect(logits!.dims).toEqual(reference.shape);
    const scores = logits!.data as Float32Array;
    expect(relativeError(scores, reference.data)).toBeLessThan(1e-3);

    expect(packed!.type).toBe('int32');
    expect(packed!.dims).toEqual(reference.shape.slice(0, 3));
    const winners = await tf.argMax(tf.tensor(scores, reference.shape), -1).data();
    expect((packed!.data as Int32Array).map((value) => value >> 8)).toEqual(winners);
    await session.release();
  });
});

it('stores kernels in half precision on request', async () => {
  const inputs = randomInputs(1, 48, null);
  const weights = await randomWeights(singleNetwork, inputs);
  const recorded = recordNetwork(singleNetwork, weights, { slice: 48, context: null });
  const whole = toOnnx(recorded, { dtype: 'float32', producer: 'test' });
  const half = toOnnx(recorded, { dtype: 'float16', producer: 'test', metadata: { classes: 'a,b,c' } });
  expect(half.length).toBeLessThan(whole.length);
  const run = async (file: Uint8Array): Promise<Float32Array> => {
    const session = await ort.InferenceSession.create(file);
    const { logits } = await session.run(await feeds(inputs, recorded));
    await session.release();
    return logits!.data as Float32Array;
  };
  expect(relativeError(await run(half), await run(whole))).toBeLessThan(5e-3);
});

it('computes the same with opset 17 and with channels first', async () => {
  const inputs = randomInputs(2, 32, 48);
  const recorded = recordNetwork(dualNetwork, await randomWeights(dualNetwork, inputs), {
    slice: 32,
    context: 48,
  });
  const run = async (
    options: Pick<OnnxOptions, 'opset' | 'layout'>,
  ): Promise<{ logits: tf.Tensor4D; packed: Int32Array }> => {
    const session = await ort.InferenceSession.create(
      toOnnx(recorded, { dtype: 'float32', producer: 'test', ...options }),
    );
    const isNchw = options.layout === 'nchw';
    const given = isNchw
      ? {
          slice: tf.transpose(inputs.slice, [0, 3, 1, 2]),
          context: tf.transpose(inputs.context!, [0, 3, 1, 2]),
          sliceInContext: inputs.sliceInContext,
        }
      : inputs;
    const { logits, packed } = await session.run(await feeds(given, recorded));
    await session.release();
    const scores = tf.tensor4d(
      logits!.data as Float32Array,
      logits!.dims as [number, number, number, number],
    );
    return {
      logits: isNchw ? tf.transpose(scores, [0, 2, 3, 1]) : scores,
      packed: packed!.data as Int32Array,
    };
  };
  const reference = await run({});
  for (const opset of onnxOpsets) {
    for (const layout of ['nhwc', 'nchw'] as const) {
      const { logits, packed } = await run({ opset, layout });
      expect(relativeError(await logits.data(), await reference.logits.data())).toBeLessThan(1e-5);
      expect(packed.map((value) => value >> 8)).toEqual(reference.packed.map((value) => value >> 8));
    }
  }
});

it.each([
  [70, 35],
  [9, 13],
  [13, 9],
  [1, 7],
])('resizes %i pixels to %i', async (from, to) => {
  const resized: NetworkFunction = (ops, { slice }) =>
    ops.resizeBilinear(ops.resizeBilinear(slice, to, to), from, from);
  const inputs = randomInputs(1, from, null);
  const reference = await eagerLogits(resized, new Map(), inputs);
  const recorded = recordNetwork(resized, new Map(), { slice: from, context: null });
  const session = await ort.InferenceSession.create(toOnnx(recorded, { dtype: 'float32', producer: 'test' }));
  const { logits } = await session.run(await feeds(inputs, recorded));
  await session.release();
  expect(relativeError(logits!.data as Float32Array, reference.data)).toBeLessThan(1e-5);
});
