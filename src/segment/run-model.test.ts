/** The engine with a real exported network on the wasm backend: does it give back every tensor? */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { exportModel } from '../runtime/graph/export-model.ts';
import { dualNetwork } from '../runtime/graph/test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from '../runtime/graph/testing.ts';
import { loadModel } from '../runtime/load-model.ts';
import type { InputImage, Segmenter } from '../runtime/segmenter.ts';
import type { Level0Rect } from '../slide/slide.ts';
import { SlideError } from '../slide/slide.ts';
import { ClassMap } from './class-map.ts';
import { fixedNetwork } from './network.ts';
import { segmentSlide } from './run.ts';
import { planSlices } from './grid.ts';
import { SliceQueue } from './queue.ts';
import type { SliceReader } from './slice-reader.ts';

const slicePx = 48;
const contextPx = 64;
let segmenter: Segmenter;

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  const inputs = randomInputs(1, slicePx, contextPx);
  const weights = await randomWeights(dualNetwork, inputs);
  const golden = {
    slice: Uint8Array.from(await inputs.slice.data()),
    context: inputs.context && Uint8Array.from(await inputs.context.data()),
    sliceInContext: { x: 0, y: 0, size: 0.2 },
  };
  const { files } = await exportModel({
    fields: manifestFields({ slicePx, contextPx, classes: 4 }),
    network: dualNetwork,
    variables: weights,
    golden,
  });
  tf.dispose([inputs.slice, inputs.context, inputs.sliceInContext].filter((x) => x !== null));
  segmenter = await loadModel('dual', async (name) => files.get(name)!);
});

/** Waves over the slide: what is read depends on the place only. */
function pixels(rect: Level0Rect, size: number): InputImage {
  const data = new Uint8ClampedArray(size * size * 4).fill(255);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      const x = rect.x + ((i + 0.5) * rect.width) / size;
      const y = rect.y + ((j + 0.5) * rect.height) / size;
      const at = 4 * (j * size + i);
      data[at] = 128 + 120 * Math.sin(x / 37);
      data[at + 1] = 128 + 120 * Math.sin(y / 23);
      data[at + 2] = 128 + 120 * Math.sin((x + y) / 151);
    }
  }
  return { width: size, height: size, data };
}

const reader: SliceReader = { read: async (rect, size) => pixels(rect, size) };

/** 7 × 6 slices in 2 × 2 regions. */
function plan() {
  const { slice } = segmenter.manifest;
  return planSlices({
    slide: { width: 6.5 * slice.fieldUm, height: 5.5 * slice.fieldUm },
    mpp: { x: 1, y: 1 },
    model: segmenter.manifest,
  });
}

async function mapOf(view: Level0Rect | null, keptRegions: number) {
  const slices = plan();
  const map = new ClassMap(slices);
  const queue = new SliceQueue(slices, { keptRegions });
  queue.setView(view);
  const summary = await segmentSlide({
    reader,
    network: fixedNetwork(segmenter),
    plan: slices,
    queue,
    keptRegions,
    onEvent: (event) => event.kind === 'slice' && map.put(event.result),
  });
  return { summary, maps: map.read(map.extent, map.width, map.height) };
}

describe('engine on wasm', () => {
  it('gives back every tensor, whatever ends the run', async () => {
    const before = tf.memory().numTensors;
    const { summary } = await mapOf(null, 8);
    expect(summary).toMatchObject({ slices: 42, regionsEncoded: 4, cancelled: false });
    expect(tf.memory().numTensors).toBe(before);

    const controller = new AbortController();
    const slices = plan();
    const cancelled = await segmentSlide({
      reader,
      network: fixedNetwork(segmenter),
      plan: slices,
      queue: new SliceQueue(slices),
      signal: controller.signal,
      onEvent: (event) => event.kind === 'slice' && event.done === 3 && controller.abort(),
    });
    expect(cancelled).toMatchObject({ slices: 3, cancelled: true });
    expect(tf.memory().numTensors).toBe(before);

    const lost: SliceReader = {
      read: async (rect, size) => {
        if (rect.y > 0) throw new SlideError('network', 'a.svs', 'The server is gone.', 'Try again.');
        return pixels(rect, size);
      },
    };
    const failing = segmentSlide({
      reader: lost,
      network: fixedNetwork(segmenter),
      plan: slices,
      queue: new SliceQueue(slices),
    });
    await expect(failing).rejects.toThrow('The server is gone');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the same maps in whatever order slices are done, with few or many contexts kept', async () => {
    const whole = await mapOf(null, 8);
    const other = await mapOf({ x: 1200, y: 900, width: 900, height: 900 }, 1);
    expect(other.maps.classes).toEqual(whole.maps.classes);
    expect(other.maps.confidence).toEqual(whole.maps.confidence);
    expect(new Set(whole.maps.classes).size).toBeGreaterThan(1);
  });

  it('holds no more memory late in a slide of 100,000 × 100,000 than early', async () => {
    const { slice } = segmenter.manifest;
    const slices = planSlices({
      slide: { width: 100_000, height: 100_000 },
      mpp: { x: slice.fieldUm / 1000, y: slice.fieldUm / 1000 },
      model: segmenter.manifest,
    });
    expect(slices.slices.length).toBe(10_000);
    const controller = new AbortController();
    const bytes: number[] = [];
    const summary = await segmentSlide({
      reader,
      network: fixedNetwork(segmenter),
      plan: slices,
      queue: new SliceQueue(slices),
      keptRegions: 2,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind !== 'slice') return;
        bytes.push(tf.memory().numBytes);
        if (event.done === 200) controller.abort();
      },
    });
    expect(summary.slices).toBe(200);
    // Two regions of 25 slices fill the cache; from then on nothing is added.
    expect(new Set(bytes.slice(50)).size).toBe(1);
  });
});
