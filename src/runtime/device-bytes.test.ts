/** On WebGPU in Node: the machine's own driver, or Chromium's software driver where Chromium is installed. */
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { initialiseNodeBackend } from './backend.node.ts';
import { relativeLogits } from './relative-logits.ts';
import { SliceOutputs } from './slice-outputs.ts';
import { mulberry32 } from './variables.ts';

const software = '/usr/lib/chromium/vk_swiftshader_icd.json';

async function started(): Promise<boolean> {
  if (process.env.VK_ICD_FILENAMES === undefined && existsSync(software)) {
    process.env.VK_ICD_FILENAMES = software;
  }
  try {
    await initialiseNodeBackend('webgpu');
    return true;
  } catch {
    return false;
  }
}

it.each([1, 2])(
  'reads back bytes for a batch of %i, class and confidence to the last bit',
  async (slices) => {
    if (!(await started())) {
      console.log('skipped: no WebGPU in Node here');
      return;
    }
    const size = 6;
    const classes = 5;
    const random = mulberry32(slices);
    const pixels = slices * size * size;
    // Classes and confidences up to 255 make integers beyond float32's exact range.
    const packed = Int32Array.from({ length: pixels }, () => Math.floor(65536 * random()));
    const logits = Float32Array.from({ length: pixels * classes }, () => 40 * random() - 20);
    const before = tf.memory().numTensors;
    for (const withLogits of [false, true]) {
      const outputs = new SliceOutputs(
        tf.tensor(packed, [slices, size, size], 'int32'),
        withLogits ? tf.tensor(logits, [slices, size, size, classes], 'float32') : null,
        { size, slices, classes },
      );
      const maps = await outputs.maps();
      outputs.dispose();
      expect(maps.flatMap((map) => [...map.classes])).toEqual([...packed].map((value) => value >> 8));
      expect(maps.flatMap((map) => [...map.confidence])).toEqual([...packed].map((value) => value & 255));
      const bytes = maps.flatMap((map) => [...(map.logProbabilities ?? [])]);
      const expected = withLogits ? relativeLogits(logits, classes) : new Uint8Array(0);
      expect(bytes.length).toBe(expected.length);
      // float32 here, float64 there: a root on the boundary may round either way.
      const off = bytes.map((byte, i) => Math.abs(byte - expected[i]!));
      expect(Math.max(0, ...off)).toBeLessThanOrEqual(1);
      expect(off.filter((each) => each > 0).length).toBeLessThan(0.02 * bytes.length + 1);
    }
    expect(tf.memory().numTensors).toBe(before);
  },
);

it('reads back one byte per value', async () => {
  if (!(await started())) return;
  const size = 4;
  const tensors: number[] = [];
  const backend = tf.backend();
  const read = backend.read.bind(backend);
  backend.read = async (id) => {
    const values = await read(id);
    tensors.push((values as Int32Array).byteLength);
    return values;
  };
  const outputs = new SliceOutputs(tf.zeros([1, 4, 4], 'int32'), tf.zeros([1, 4, 4, 3]), {
    size,
    slices: 1,
    classes: 3,
  });
  await outputs.maps();
  outputs.dispose();
  expect(tensors).toEqual([16 * (1 + 1 + 3)]);
});
