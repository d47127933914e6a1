import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkGolden } from '../golden-check.ts';
import { loadModel } from '../load-model.ts';
import type { ReadFile } from '../model-files.ts';
import { ModelError } from '../manifest.ts';
import type { InputImage } from '../segmenter.ts';
import { exportModel, type ExportedModel, storageAgreement } from './export-model.ts';
import { dualNetwork, singleNetwork } from './test-networks.ts';
import { manifestFields, randomInputs, randomWeights, type NetworkFunction } from './testing.ts';
import { initialiseNodeBackend } from '../backend.node.ts';

const sliceSize = 48;
const contextSize = 64;
let dual: ExportedModel;
let single: ExportedModel;

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  dual = await exported(dualNetwork, contextSize, 4);
  single = await exported(singleNetwork, null, 3);
});

async function exported(
  network: NetworkFunction,
  contextPx: number | null,
  classes: number,
): Promise<ExportedModel> {
  const inputs = randomInputs(1, sliceSize, contextPx);
  const weights = await randomWeights(network, inputs);
  const golden = {
    slice: Uint8Array.from(await inputs.slice.data()),
    context: inputs.context && Uint8Array.from(await inputs.context.data()),
    sliceInContext: inputs.context && { x: 0.2, y: 0.4, size: 0.2 },
  };
  tf.dispose([inputs.slice, inputs.context, inputs.sliceInContext].filter((x) => x !== null));
  return exportModel({
    fields: manifestFields({ slicePx: sliceSize, contextPx, classes }),
    network,
    variables: weights,
    golden,
  });
}

function reader(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  replaced: Record<string, string | Uint8Array<ArrayBuffer>> = {},
): ReadFile {
  return async (name) => {
    const data = replaced[name] ?? files.get(name);
    if (data === undefined)
      throw new ModelError('not-found', name, 'The file does not exist.', 'Export again.');
    return typeof data === 'string' ? new TextEncoder().encode(data) : data;
  };
}

function image(side: number, seed: number): InputImage {
  const data = new Uint8ClampedArray(4 * side * side);
  for (let i = 0; i < data.length; i++) data[i] = i % 4 === 3 ? 255 : 128 + 120 * Math.sin(i * seed);
  return { width: side, height: side, data };
}

describe('an exported model', () => {
  it('loads and reproduces its golden output', async () => {
    for (const model of [single, dual]) {
      const readFile = reader(model.files);
      const segmenter = await loadModel('m', readFile);
      expect(await checkGolden(segmenter, readFile)).toMatchObject({
        agreement: 1,
        required: 0.995,
        passed: true,
      });
      segmenter.dispose();
    }
  });

  it('leaks no tensor once everything is disposed', async () => {
    const before = tf.memory();
    const segmenter = await loadModel('dual', reader(dual.files));
    const loaded = tf.memory().numTensors;
    const features = segmenter.encodeContext(image(contextSize, 0.01));
    const encoded = tf.memory().numTensors;
    for (const x of [0, 0.3, 0.8]) {
      const maps = await segmenter.segment(image(sliceSize, 0.02), features, { x, y: 0.1, size: 0.2 });
      expect(maps.classes.length).toBe(sliceSize * sliceSize);
      expect(tf.memory().numTensors).toBe(encoded);
    }
    features.dispose();
    expect(tf.memory().numTensors).toBe(loaded);
    segmenter.dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });

  it('returns the confidence of the winning class', async () => {
    const segmenter = await loadModel('single', reader(single.files));
    const maps = await segmenter.segment(image(sliceSize, 0.02), null, null);
    // Of three classes the winner has at least a third: 85 of 255.
    expect(Math.min(...maps.confidence)).toBeGreaterThanOrEqual(85);
    expect(Math.max(...maps.classes)).toBeLessThan(3);
    segmenter.dispose();
  });

  it('explains wrong inputs', async () => {
    const segmenter = await loadModel('dual', reader(dual.files));
    const features = segmenter.encodeContext(image(contextSize, 0.01));
    const where = { x: 0, y: 0, size: 0.2 };
    const slice = image(sliceSize, 0.02);
    const before = tf.memory().numTensors;
    await expect(segmenter.segment(slice, null, where)).rejects.toThrow(/has no context.*encodeContext/);
    await expect(segmenter.segment(slice, features, null)).rejects.toThrow(/position of the slice/);
    await expect(segmenter.segment(image(sliceSize + 1, 1), features, where)).rejects.toThrow(
      /49 × 49.*reads 48 × 48/,
    );
    expect(() => segmenter.encodeContext(slice)).toThrow(/reads 64 × 64/);
    expect(tf.memory().numTensors).toBe(before);
    features.dispose();
    await expect(segmenter.segment(slice, features, where)).rejects.toThrow(/has been disposed/);
    segmenter.dispose();
    await expect(segmenter.segment(slice, features, where)).rejects.toThrow(/Load it again/);
  });
});

describe('hostile files', () => {
  const load = (replaced: Record<string, string | Uint8Array<ArrayBuffer>>) =>
    loadModel('bad', reader(dual.files, replaced));

  it.each([
    ['not JSON', 'nonsense', 'bad-manifest', /not JSON/],
    ['an empty object', '{}', 'bad-manifest', /specVersion/],
    ['an array', '[]', 'bad-manifest', /manifest is invalid/],
  ])('a manifest that is %s', async (_, text, code, message) => {
    const failure = load({ 'manifest.json': text });
    await expect(failure).rejects.toBeInstanceOf(ModelError);
    await expect(failure).rejects.toMatchObject({ code, file: 'bad/manifest.json' });
    await expect(failure).rejects.toThrow(message);
  });

  it('a manifest that reaches outside its folder', async () => {
    const text = new TextDecoder().decode(dual.files.get('manifest.json'));
    await expect(
      load({ 'manifest.json': text.replace('"model.json"', '"../../etc/passwd"') }),
    ).rejects.toThrow(/graph.file.*without directories/);
  });

  it('a changed graph, changed weights, truncated weights', async () => {
    const [shard] = [...dual.files.keys()].filter((name) => name.startsWith('weights-'));
    const bytes = dual.files.get(shard!)!;
    const flipped = bytes.slice();
    flipped[10]! ^= 1;
    await expect(load({ 'model.json': '{}' })).rejects.toMatchObject({ code: 'bad-graph' });
    await expect(load({ [shard!]: flipped })).rejects.toMatchObject({ code: 'bad-weights' });
    await expect(load({ [shard!]: bytes.slice(0, -4) })).rejects.toThrow(/The weights have \d+ bytes/);
  });

  it('rejects missing, misshapen and non-finite weights on export', async () => {
    const weights = new Map([['stem/kernel', { shape: [7, 7, 3, 4], data: new Float32Array(588) }]]);
    const request = {
      fields: manifestFields({ slicePx: sliceSize, contextPx: null, classes: 3 }),
      network: singleNetwork,
      golden: { slice: new Uint8Array(3 * sliceSize * sliceSize), context: null, sliceInContext: null },
    };
    await expect(exportModel({ ...request, variables: weights })).rejects.toThrow(
      /stem\/kernel.*needs \[7, 7, 3, 8\]/,
    );
    weights.set('stem/kernel', { shape: [7, 7, 3, 8], data: new Float32Array(1176).fill(NaN) });
    await expect(exportModel({ ...request, variables: weights })).rejects.toThrow(/not finite/);
    weights.set('stem/kernel', { shape: [7, 7, 3, 8], data: new Float32Array(1176) });
    await expect(exportModel({ ...request, variables: weights })).rejects.toThrow(/stem\/norm\/gamma.*lack/);
  });
});

it.each(['float16', 'int8'] as const)('measures the effect of %s weights on the classes', async (dtype) => {
  const inputs = randomInputs(1, sliceSize, null);
  const { pixels, share } = await storageAgreement(
    {
      fields: manifestFields({ slicePx: sliceSize, contextPx: null, classes: 3 }),
      network: singleNetwork,
      variables: await randomWeights(singleNetwork, inputs),
    },
    [1, 2].map((seed) => ({
      slice: Uint8Array.from(image(sliceSize, seed / 50).data.filter((_, i) => i % 4 < 3)),
      context: null,
      sliceInContext: null,
    })),
    dtype,
  );
  expect(pixels).toBe(2 * sliceSize * sliceSize);
  expect(share).toBeGreaterThan(0.98);
});
