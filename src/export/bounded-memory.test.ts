/** A slide of 100,000 × 100,000 pixels, from its tiles to maps on disk: memory does not grow with what is done. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { exportModel } from '../runtime/graph/export-model.ts';
import { dualNetwork } from '../runtime/graph/test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from '../runtime/graph/testing.ts';
import { loadModel } from '../runtime/load-model.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import { fixedNetwork } from '../segment/network.ts';
import { openNodeSlices } from '../segment/node-slice-store.node.ts';
import { segmentSlide } from '../segment/run.ts';
import { planSlices } from '../segment/grid.ts';
import { SliceQueue } from '../segment/queue.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { readRegion } from '../slide/region.ts';
import { syntheticSlide } from '../slide/testing/synthetic-slide.ts';
import { TileCache } from '../slide/tile-cache.ts';

const slicePx = 32;
const side = 100_000;
const tileSize = 256;

async function smallModel(): Promise<Segmenter> {
  const inputs = randomInputs(1, slicePx, slicePx);
  const { files } = await exportModel({
    fields: manifestFields({ slicePx, contextPx: slicePx, classes: 4 }),
    network: dualNetwork,
    variables: await randomWeights(dualNetwork, inputs),
    golden: {
      slice: Uint8Array.from(await inputs.slice.data()),
      context: inputs.context && Uint8Array.from(await inputs.context.data()),
      sliceInContext: { x: 0, y: 0, size: 0.2 },
    },
  });
  tf.dispose([inputs.slice, inputs.context, inputs.sliceInContext].filter((x) => x !== null));
  return loadModel('dual', async (name) => files.get(name)!);
}

/** Every tile has a colour of its own. */
function proceduralSlide() {
  return syntheticSlide({
    width: side,
    height: side,
    tileSize,
    reduced: [
      { width: side / 4, height: side / 4 },
      { width: side / 16, height: side / 16 },
    ],
    colour: () => [0, 0, 0],
    tile: (level, column, row) => {
      const data = new Uint8ClampedArray(4 * tileSize * tileSize);
      new Uint32Array(data.buffer).fill(
        (0xff000000 | ((column * 73856093) ^ (row * 19349663) ^ level)) >>> 0,
      );
      return { kind: 'pixels', image: { width: tileSize, height: tileSize, data } };
    },
  });
}

/** Bytes on the JavaScript heap and in its buffers, after a collection. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

it('segments 500 slices with heap and tensors constant within 10 % after warm-up', async () => {
  await initialiseNodeBackend('wasm');
  const segmenter = await smallModel();
  const slide = proceduralSlide();
  const folder = mkdtempSync(join(tmpdir(), 'dualscope-memory-'));
  try {
    const { slice } = segmenter.manifest;
    const plan = planSlices({
      slide: slide.metadata,
      mpp: { x: slice.fieldUm / 1000, y: slice.fieldUm / 1000 },
      model: segmenter.manifest,
    });
    expect(plan.slices.length).toBe(10_000);
    const slices = openNodeSlices(join(folder, 'a.slices'), 'ab'.repeat(32), plan.marginPx, 'create')!;
    // Small, so that it is full long before the warm-up ends.
    const cache = new TileCache(4 * 1024 * 1024);
    const { decoder } = nodePlatform();
    const controller = new AbortController();
    const heap: number[] = [];
    const tensors: number[] = [];
    const summary = await segmentSlide({
      reader: {
        read: (rect, sizePx, signal) => readRegion(slide, rect, sizePx, sizePx, { decoder, signal, cache }),
      },
      network: fixedNetwork(segmenter),
      store: slices.store,
      plan,
      queue: new SliceQueue(plan),
      keptRegions: 2,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind !== 'slice') return;
        if (event.done >= 100 && event.done % 50 === 0) {
          heap.push(heapBytes());
          tensors.push(tf.memory().numBytes);
          // Nobody but the test counts what was asked for.
          slide.asked.length = 0;
        }
        if (event.done === 500) controller.abort();
      },
    });
    expect(summary.slices).toBe(500);
    expect(slices.store.size).toBe(500);
    slices.close();
    expect(heap.length).toBe(9);
    for (const bytes of [heap, tensors]) expect(Math.max(...bytes) / Math.min(...bytes)).toBeLessThan(1.1);
  } finally {
    segmenter.dispose();
    rmSync(folder, { recursive: true });
  }
  // A few seconds; more where the machine is busy.
}, 240_000);
