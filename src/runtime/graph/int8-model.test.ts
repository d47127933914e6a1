/** Models whose kernels are stored in eight bits, from export to every way of running them. */
import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { beforeAll, expect, it } from 'vitest';
import { initialiseNodeBackend } from '../backend.node.ts';
import { goldenInputs, segmentGolden } from '../golden-check.ts';
import { loadModel, modelArtifacts } from '../load-model.ts';
import { ModelError } from '../manifest.ts';
import { constantsOf } from '../model-constants.ts';
import { readModelFiles } from '../model-files.ts';
import { startNodeBackend } from '../native/start-backend.node.ts';
import type { Segmenter, SliceMaps } from '../segmenter.ts';
import { toFloat16, fromFloat16 } from './float16.ts';
import { altered, fromMemory, smallModel, type ModelFolder } from './testing-models.ts';
import { widenedModel } from './widen-model.ts';

let small: ModelFolder;
let half: ModelFolder;

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  small = await smallModel('dual', 'int8');
  half = await smallModel('dual', 'float16');
});

async function mapsOf(files: ModelFolder, load = loadModel): Promise<SliceMaps> {
  const segmenter: Segmenter = await load('m', fromMemory(files));
  try {
    return await segmentGolden(segmenter, await goldenInputs(segmenter.manifest, fromMemory(files)));
  } finally {
    segmenter.dispose();
  }
}

function share(a: SliceMaps, b: SliceMaps): number {
  return a.classes.filter((value, i) => value === b.classes[i]).length / a.classes.length;
}

it('has nearly half the bytes', async () => {
  const [a, b] = await Promise.all([small, half].map((files) => readModelFiles('m', fromMemory(files))));
  expect(a!.manifest.graph).toMatchObject({ dtype: 'int8' });
  // Small kernels: scales and biases weigh more here than in a real network.
  expect(a!.manifest.graph.weightsBytes / b!.manifest.graph.weightsBytes).toBeLessThan(0.65);
});

it('has weights within half a step of their channel, all of them half-precision numbers', async () => {
  const [a, b] = await Promise.all(
    [small, await smallModel('dual', 'float32')].map(async (files) =>
      constantsOf(await readModelFiles('m', fromMemory(files))),
    ),
  );
  let compared = 0;
  for (const [name, { shape, data }] of a!) {
    if (!name.endsWith('kernel')) continue;
    const channels = shape.at(-1)!;
    const exact = b!.get(name)!.data;
    const tops = new Float32Array(channels);
    exact.forEach((value, i) => (tops[i % channels] = Math.max(tops[i % channels]!, Math.abs(value))));
    expect(fromFloat16(toFloat16(Float32Array.from(data)))).toEqual(data);
    // Clipped weights are the largest ones alone.
    data.forEach((value, i) => {
      const top = tops[i % channels]!;
      const allowed = Math.abs(exact[i]!) > 0.6 * top ? 0.4 * top : (1.125 * top) / 254 + 2 ** -25;
      if (Math.abs(value - exact[i]!) > allowed) throw new Error(`${name}[${i}]: ${value} for ${exact[i]!}`);
    });
    compared++;
  }
  expect(compared).toBeGreaterThan(5);
});

it('gives the same classes in TF.js, on ONNX Runtime, and widened in plain TF.js', async () => {
  const tensors = tf.memory().numTensors;
  const page = await mapsOf(small);
  const native = await startNodeBackend('cpu', [], { threads: 1 });
  expect(share(page, await mapsOf(small, (...model) => native.loadModel(...model)))).toBeGreaterThanOrEqual(
    0.999,
  );

  const widened = await widenedModel(await readModelFiles('m', fromMemory(small)));
  const files: ModelFolder = new Map([...small, ...widened!]);
  expect(await mapsOf(files)).toEqual(page);
  const { manifest, graph, shards } = await readModelFiles('m', fromMemory(files));
  expect(manifest.graph.dtype).toBe('float16');
  // Plain TF.js: the file's own description of its weights.
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology: graph.modelTopology,
      weightSpecs: graph.weightsManifest[0]!.weights as never,
      weightData: shards.map(({ buffer }) => buffer),
    }),
  });
  model.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

it('is refused by plain TF.js rather than misread', async () => {
  const files = await readModelFiles('m', fromMemory(small));
  const plain = { ...modelArtifacts(files), weightSpecs: files.graph.weightsManifest[0]!.weights as never };
  await expect(
    loadGraphModel({ load: async () => ({ ...plain, weightData: files.shards.map((s) => s.buffer) }) }),
  ).rejects.toThrow(/int8/);
});

it.each([NaN, Infinity])('is refused with a scale of %d', async (value) => {
  const files = await altered(small, {
    weights: (data, at, graph) => {
      const kernel = graph.weightsManifest[0]!.weights.find(
        ({ quantization }) => quantization !== undefined,
      )!;
      new DataView(data.buffer).setFloat32(at(kernel.name), value, true);
    },
  });
  const error = await loadModel('m', fromMemory(files)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ModelError);
  expect(error).toMatchObject({ code: 'bad-weights' });
});

it('leaves other models as they are', async () => {
  expect(await widenedModel(await readModelFiles('m', fromMemory(half)))).toBeNull();
});
