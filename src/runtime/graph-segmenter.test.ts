/**
 * Batches, warm-up and read-back. The cpu backend's kernels, registered under another name, stand in for the
 * graphics card.
 */
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { initialiseNodeBackend } from './backend.node.ts';
import { fromFolder } from './load-model.node.ts';
import { loadModel } from './load-model.ts';
import { mulberry32 } from './variables.ts';
import type { InputImage, Segmenter, SliceInput, SliceMaps } from './segmenter.ts';

const models = path.resolve(import.meta.dirname, '../../models');

function image(seed: number): InputImage {
  const random = mulberry32(seed);
  const data = Uint8ClampedArray.from({ length: 4 * 128 * 128 }, () => 256 * random());
  return { width: 128, height: 128, data };
}

const slices: readonly SliceInput[] = [
  { image: image(1), sliceInContext: { x: 0, y: 0, size: 0.2 } },
  { image: image(2), sliceInContext: { x: 0.4, y: 0.2, size: 0.2 } },
  { image: image(3), sliceInContext: { x: 0.8, y: 0.8, size: 0.2 } },
];

async function startFakeGpu(): Promise<void> {
  if (tf.findBackendFactory('webgpu') == null) {
    tf.registerBackend('webgpu', () => new MathBackendCPU());
    tf.copyRegisteredKernels('cpu', 'webgpu');
  }
  await tf.setBackend('webgpu');
  await tf.ready();
}

function load(id: string): Promise<Segmenter> {
  return loadModel(id, fromFolder(path.join(models, id)));
}

/** Maps as text: comparing such long arrays element by element takes seconds. */
function textOf(maps: readonly SliceMaps[]): string[] {
  return maps.flatMap(({ size, classes, confidence, logProbabilities }) =>
    [Uint8Array.of(size), classes, confidence, logProbabilities ?? new Uint8Array(0)].map((bytes) =>
      Buffer.from(bytes).toString('base64'),
    ),
  );
}

afterEach(() => vi.restoreAllMocks());

describe.each(['nano-aligned', 'nano-attention', 'nano-single'])('%s', (id) => {
  it('gives a batch what it gives each slice, and leaks nothing', async () => {
    await initialiseNodeBackend('wasm');
    const segmenter = await load(id);
    const before = tf.memory().numTensors;
    const context = segmenter.manifest.context === null ? null : segmenter.encodeContext(image(4));
    for (const options of [{}, { logProbabilities: true }]) {
      const single = [];
      for (const each of slices) {
        single.push(await segmenter.segment(each.image, context, each.sliceInContext, options));
      }
      expect(textOf(await segmenter.segmentBatch!(slices, context, options))).toEqual(textOf(single));
      expect(textOf(await segmenter.segmentBatch!(slices.slice(1), context, options))).toEqual(
        textOf(single.slice(1)),
      );
    }
    context?.dispose();
    expect(tf.memory().numTensors).toBe(before);
    segmenter.dispose();
  });

  it('copies nothing out of wasm memory', async () => {
    await initialiseNodeBackend('wasm');
    const segmenter = await load(id);
    const context = segmenter.manifest.context === null ? null : segmenter.encodeContext(image(4));
    const read = vi.spyOn(tf.backend(), 'readSync');
    await segmenter.segmentBatch!(slices, context, { logProbabilities: true });
    // Boxes may be read, a few numbers each.
    for (const { value } of read.mock.results) expect((value as Int32Array).length).toBeLessThan(100);
    context?.dispose();
    segmenter.dispose();
  });
});

describe('on a graphics card', () => {
  it('reads back once per batch, and nothing for a context or a warm-up', async () => {
    await initialiseNodeBackend('cpu');
    const onCpu = await load('nano-aligned');
    const expectedContext = onCpu.encodeContext(image(4));
    const expected = await onCpu.segmentBatch!(slices, expectedContext, { logProbabilities: true });
    onCpu.dispose();

    await startFakeGpu();
    const segmenter = await load('nano-aligned');
    const read: number[] = [];
    const backend = tf.backend() as MathBackendCPU;
    const original = backend.read.bind(backend);
    vi.spyOn(backend, 'read').mockImplementation(async (id) => {
      const values = await original(id);
      read.push((values as Int32Array).byteLength);
      return values;
    });
    const sync = vi.spyOn(tf.Tensor.prototype, 'dataSync');
    const before = tf.memory().numTensors;

    await segmenter.warmUp!({ logProbabilities: true });
    const context = segmenter.encodeContext(image(4));
    expect(read).toEqual([]);
    const plain = await segmenter.segmentBatch!(slices, context);
    expect(read).toEqual([slices.length * 128 * 128 * 4]);
    const blended = await segmenter.segmentBatch!(slices, context, { logProbabilities: true });
    // The logits as well where slices are blended.
    expect(read.slice(1)).toEqual([slices.length * 128 * 128 * 4, slices.length * 128 * 128 * 16]);
    expect(sync).not.toHaveBeenCalled();
    context.dispose();
    expect(tf.memory().numTensors).toBe(before);
    segmenter.dispose();

    expect(textOf(blended)).toEqual(textOf(expected));
    expect(textOf(plain)).toEqual(
      textOf(expected.map(({ size, classes, confidence }) => ({ size, classes, confidence }))),
    );
  });
});
