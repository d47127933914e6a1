/** For tests of reading models: small exported networks in memory, and the same with damages that no hash gives away. */
import * as tf from '@tensorflow/tfjs-core';
import type { ModelManifest, WeightType } from '../manifest.ts';
import { ModelError } from '../manifest.ts';
import type { ReadFile } from '../model-files.ts';
import { sha256 } from '../sha256.ts';
import { exportModel } from './export-model.ts';
import { storedBytes } from './weight-shards.ts';
import { dualNetwork, singleNetwork } from './test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from './testing.ts';

export type ModelFolder = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** A node of `model.json`. */
export interface TestNode {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, unknown>;
}

interface TestWeight {
  name: string;
  shape: number[];
  dtype: 'float32' | 'int32';
  quantization?: { dtype: 'float16' | 'int8' };
}

/** `model.json`, to be changed. */
export interface TestGraph {
  modelTopology: { node: TestNode[] };
  weightsManifest: { paths: string[]; weights: TestWeight[] }[];
}

type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> };

/** Exports a network of random weights: two inputs and four classes, or one input and three. Needs a TF.js backend. */
export async function smallModel(
  kind: 'dual' | 'single',
  dtype: WeightType = 'float16',
): Promise<ModelFolder> {
  const [slicePx, contextPx] = [48, kind === 'dual' ? 64 : null];
  const network = kind === 'dual' ? dualNetwork : singleNetwork;
  const inputs = randomInputs(1, slicePx, contextPx);
  const { files } = await exportModel({
    fields: manifestFields({ slicePx, contextPx, classes: kind === 'dual' ? 4 : 3 }),
    network,
    dtype,
    variables: await randomWeights(network, inputs),
    golden: {
      slice: Uint8Array.from(await inputs.slice.data()),
      context: inputs.context && Uint8Array.from(await inputs.context.data()),
      sliceInContext: inputs.context && { x: 0.2, y: 0.4, size: 0.2 },
    },
  });
  tf.dispose([inputs.slice, inputs.context, inputs.sliceInContext].filter((x) => x !== null));
  return files;
}

/** Reads files of a model in memory. @param id names it in errors. */
export function fromMemory(files: ModelFolder, id = 'memory'): ReadFile {
  return async (name, budget) => {
    const data = files.get(name);
    if (data === undefined)
      throw new ModelError('not-found', `${id}/${name}`, 'There is no such file.', 'Export again.');
    budget?.take(data.length, `${id}/${name}`);
    return data;
  };
}

export interface ModelChange {
  readonly manifest?: (manifest: Mutable<ModelManifest>) => void;
  readonly graph?: (graph: TestGraph) => void;
  /** All weights, laid end to end; `at` finds a constant's first byte. */
  readonly weights?: (bytes: Uint8Array<ArrayBuffer>, at: (name: string) => number, graph: TestGraph) => void;
  /** Files by name; null removes one. */
  readonly files?: Readonly<Record<string, Uint8Array<ArrayBuffer> | null>>;
}

/** The model with a change, its hashes and sizes set right. */
export async function altered(files: ModelFolder, change: ModelChange): Promise<ModelFolder> {
  const all = new Map(files);
  const manifest = json(all, 'manifest.json') as Mutable<ModelManifest>;
  const graph = json(all, 'model.json') as TestGraph;
  const [shard = ''] = graph.weightsManifest[0]?.paths ?? [];
  const weights = Uint8Array.from(all.get(shard) ?? []);
  change.weights?.(weights, (name) => offsetOf(graph, name), graph);
  all.set(shard, weights);
  change.graph?.(graph);
  const modelJson = bytes(graph);
  all.set('model.json', modelJson);
  manifest.graph.sha256 = await sha256([modelJson]);
  manifest.graph.weightsSha256 = await sha256([weights]);
  change.manifest?.(manifest);
  all.set('manifest.json', bytes(manifest));
  for (const [name, data] of Object.entries(change.files ?? {})) {
    if (data === null) all.delete(name);
    else all.set(name, data);
  }
  return all;
}

function offsetOf(graph: TestGraph, wanted: string): number {
  let offset = 0;
  for (const spec of graph.weightsManifest[0]?.weights ?? []) {
    if (spec.name === wanted) return offset;
    offset += storedBytes(spec);
  }
  throw new RangeError(`There is no constant "${wanted}".`);
}

/** The node of that name. */
export function nodeOf(graph: TestGraph, name: string): TestNode {
  const node = graph.modelTopology.node.find((each) => each.name === name);
  if (node === undefined) throw new RangeError(`There is no node "${name}".`);
  return node;
}

/** The first node of that operation. */
export function firstOf(graph: TestGraph, op: string): TestNode {
  const node = graph.modelTopology.node.find((each) => each.op === op);
  if (node === undefined) throw new RangeError(`There is no ${op}.`);
  return node;
}

export function json(files: ModelFolder, name: string): unknown {
  return JSON.parse(new TextDecoder().decode(files.get(name)));
}

export function bytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
