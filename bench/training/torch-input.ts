/** The files that torch-peer.py reads: network.json, and tensors.bin with weights and batch, float32, little-endian. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Weights } from '../../src/runtime/variables.ts';
import { batchFeeds } from '../../src/training/step/batch-feeds.ts';
import { stepInputs } from '../../src/training/step/training-step.ts';
import { recordNetwork } from './recorded-network.ts';
import type { Workload } from './workload.ts';

export function writeTorchInput(
  folder: string,
  { preset, config, samples }: Workload,
  weights: Weights,
): void {
  const { operations, inputs, logits } = recordNetwork(preset, samples.length);
  const feeds = batchFeeds({ contextTruths: new Map(), masks: [] }, preset, config, samples, 0);
  const places: { name: string; shape: readonly number[] }[] = [];
  const parts: Float32Array[] = [];
  const put = (name: string, shape: readonly number[], data: ArrayLike<number>): void => {
    places.push({ name, shape });
    parts.push(Float32Array.from(data));
  };
  for (const [name, { shape, data }] of weights) put(name, shape, data);
  for (const name of [stepInputs.slice, stepInputs.context, stepInputs.boxes, stepInputs.truth]) {
    const feed = feeds.get(name);
    if (feed !== undefined) put(name, feed.shape, feed.data);
  }
  mkdirSync(folder, { recursive: true });
  const { optimiser } = config;
  if (optimiser.kind === 'sgd') throw new Error('The benchmark trains with AdamW.');
  const { learningRate, weightDecay } = optimiser;
  const described = { operations, inputs, logits, tensors: places, learningRate, weightDecay };
  writeFileSync(join(folder, 'network.json'), JSON.stringify(described));
  writeFileSync(join(folder, 'tensors.bin'), Buffer.concat(parts.map((part) => Buffer.from(part.buffer))));
}
