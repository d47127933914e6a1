/** A network with cross-attention, exported: TF.js and ONNX Runtime agree on it, in batches too, with and without its context. */
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fullSizeLogits } from '../model/network.ts';
import { presetById } from '../model/presets.ts';
import { initialiseNodeBackend } from './backend.node.ts';
import { exportModel } from './graph/export-model.ts';
import { fromMemory, json, type ModelFolder } from './graph/testing-models.ts';
import { manifestFields, randomInputs, randomWeights, type NetworkFunction } from './graph/testing.ts';
import { loadModel } from './load-model.ts';
import type { ModelManifest } from './manifest.ts';
import { withoutContext } from './missing-context.ts';
import { startNodeBackend } from './native/start-backend.node.ts';
import type { InputImage, Segmenter, SliceInput } from './segmenter.ts';

const { network: named } = presetById('nano-cross-attention');
if (named.kind !== 'refinenet' || named.contextEncoder === null) throw new Error('It has two encoders.');
const short = { blocks: [1, 1, 1, 1] } as const;
const config = {
  ...named,
  sliceEncoder: { ...named.sliceEncoder, ...short },
  contextEncoder: { ...named.contextEncoder, ...short },
};
const network: NetworkFunction = (ops, input) => fullSizeLogits(ops, input, config);
const [slicePx, contextPx] = [64, 96];
const colour = [124, 116, 104] as const;

function picture(size: number, seed: number): InputImage {
  const data = Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) =>
    i % 4 === 3 ? 255 : 128 + 90 * Math.sin((i % (4 * size)) / (9 + seed)) + 30 * Math.cos(i / (70 * size)),
  );
  return { width: size, height: size, data };
}

const context = picture(contextPx, 1);
const missing: InputImage = {
  ...context,
  data: context.data.map((_, i) => [...colour, 255][i % 4] ?? 0),
};
const slices: SliceInput[] = [0, 1, 2].map((i) => ({
  image: picture(slicePx, 2 + i),
  sliceInContext: { x: 0.1 + 0.25 * i, y: 0.5 - 0.2 * i, size: 0.2 },
}));

/** Share of pixels of the same class. */
function agreement(a: Uint8Array, b: Uint8Array): number {
  return a.filter((value, i) => value === b[i]).length / a.length;
}

let files: ModelFolder;
let [graph, native]: Segmenter[] = [];

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  const inputs = randomInputs(1, slicePx, contextPx);
  const weights = await randomWeights(network, inputs);
  const exported = await exportModel({
    fields: {
      ...manifestFields({ slicePx, contextPx, classes: 4 }),
      fusion: 'cross-attention',
      contextDropout: { share: 0.2, colour: [...colour] },
    },
    network,
    variables: weights,
    golden: {
      slice: Uint8Array.from(await inputs.slice.data()),
      context: inputs.context && Uint8Array.from(await inputs.context.data()),
      sliceInContext: { x: 0.2, y: 0.4, size: 0.2 },
    },
  });
  tf.dispose([inputs.slice, inputs.context!, inputs.sliceInContext!]);
  ({ files } = exported);
  graph = await loadModel('test-model', fromMemory(files));
  native = await (
    await startNodeBackend('cpu', [], { threads: 1 })
  ).loadModel('test-model', fromMemory(files));
});

afterAll(() => {
  graph?.dispose();
  native?.dispose();
});

async function classesOf(segmenter: Segmenter, seen: InputImage = context): Promise<Uint8Array[]> {
  const features = segmenter.encodeContext(seen);
  const maps = [];
  for (const { image, sliceInContext } of slices)
    maps.push(await segmenter.segment(image, features, sliceInContext));
  features.dispose();
  return maps.map(({ classes }) => classes);
}

describe('cross-attention, exported', () => {
  it('gives the same classes in TF.js and ONNX Runtime', async () => {
    const [ours, theirs] = [await classesOf(graph!), await classesOf(native!)];
    ours.forEach((classes, i) => expect(agreement(classes, theirs[i]!)).toBeGreaterThan(0.99));
    expect(new Set(ours.flatMap((classes) => [...classes])).size).toBeGreaterThan(1);
  });

  it('gives the same classes in a batch, whose slices share one context', async () => {
    for (const segmenter of [graph!, native!]) {
      const features = segmenter.encodeContext(context);
      const batch = await segmenter.segmentBatch?.(slices, features);
      features.dispose();
      const single = await classesOf(segmenter);
      batch?.forEach(({ classes }, i) => expect(agreement(classes, single[i]!)).toBeGreaterThan(0.99));
    }
  });

  it('computes keys and values once per region', () => {
    const { contextFeatures } = (json(files, 'manifest.json') as ModelManifest).graph;
    // Registered features of four stages, and keys and values of three heads: all that the slice reads of the context.
    expect(contextFeatures).toHaveLength(4 + 6);
  });

  it('sees the missing context when it is left out, in both runtimes', async () => {
    for (const segmenter of [graph!, native!]) {
      const alone = await classesOf(withoutContext(segmenter));
      expect(alone).toEqual(await classesOf(segmenter, missing));
      expect(alone).not.toEqual(await classesOf(segmenter));
    }
  });
});
