/** Mutants of models, with hashes set right: each loads and segments, or is refused with a ModelError that names it. */
import { engine } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectSound, mutantCount, mutatedBytes, mutatedJson, type Random } from '../base/testing/mutants.ts';
import { initialiseNodeBackend } from './backend.node.ts';
import {
  bytes,
  fromMemory,
  json,
  smallModel,
  type ModelFolder,
  type TestGraph,
} from './graph/testing-models.ts';
import { loadModel } from './load-model.ts';
import { ModelError, type ModelManifest } from './manifest.ts';
import { startNodeBackend, type NodeBackend } from './native/start-backend.node.ts';
import { sha256 } from './sha256.ts';

const models: Partial<Record<'single' | 'dual', ModelFolder>> = {};
let native: NodeBackend;

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  models.single = await smallModel('single');
  models.dual = await smallModel('dual');
  native = await startNodeBackend('cpu', [], { threads: 1 });
});

/** The model with files replaced, and the hashes that no careful adversary would forget. */
async function rehashed(
  files: ModelFolder,
  changes: Record<string, Uint8Array<ArrayBuffer>>,
): Promise<ModelFolder> {
  const all = new Map([...files, ...Object.entries(changes)]);
  if ('manifest.json' in changes) return all;
  const manifest = json(all, 'manifest.json') as { graph: { sha256: string; weightsSha256: string } };
  const shards = [...all].filter(([name]) => name.startsWith('weights-')).map(([, data]) => data);
  manifest.graph.sha256 = await sha256([all.get('model.json') ?? new Uint8Array()]);
  manifest.graph.weightsSha256 = await sha256(shards);
  return all.set('manifest.json', bytes(manifest));
}

type Make = (files: ModelFolder, random: Random) => Record<string, Uint8Array<ArrayBuffer>>;

const shardOf = (files: ModelFolder): string =>
  [...files.keys()].find((name) => name.startsWith('weights-')) ?? '';

const targets: readonly [what: string, share: number, make: Make][] = [
  [
    'manifests',
    0.1,
    (files, random) => ({
      'manifest.json': bytes(mutatedJson(json(files, 'manifest.json') as ModelManifest, random)),
    }),
  ],
  [
    'nodes of graphs',
    0.12,
    (files, random) => {
      const graph = json(files, 'model.json') as TestGraph;
      return {
        'model.json': bytes({
          ...graph,
          modelTopology: { ...graph.modelTopology, node: mutatedJson(graph.modelTopology.node, random) },
        }),
      };
    },
  ],
  [
    'lists of weights',
    0.05,
    (files, random) => {
      const graph = json(files, 'model.json') as TestGraph;
      return {
        'model.json': bytes({ ...graph, weightsManifest: mutatedJson(graph.weightsManifest, random) }),
      };
    },
  ],
  [
    'weights',
    0.05,
    (files, random) => ({ [shardOf(files)]: mutatedBytes(files.get(shardOf(files))!, random) }),
  ],
  [
    'bytes of graphs',
    0.03,
    (files, random) => ({ 'model.json': mutatedBytes(files.get('model.json')!, random) }),
  ],
  [
    'golden files',
    0.02,
    (files, random) => ({ 'golden-classes.bin': mutatedBytes(files.get('golden-classes.bin')!, random) }),
  ],
];

/** Each mutant starts a network: without DUALSCOPE_MUTANTS, a quarter of what other readers get. */
const usualMutants = 500;

describe.each(targets)('%s', (what, share, make) => {
  it.each(['TF.js', 'ONNX Runtime'] as const)(
    'damaged load or are refused, on %s',
    async (runtime) => {
      const load = runtime === 'TF.js' ? loadModel : native.loadModel.bind(native);
      const before = engine().memory().numTensors;
      const outcome = await expectSound({
        seed: what.length,
        count: mutantCount(share / 2, usualMutants),
        make: (random) => {
          const files = models[random() < 0.5 ? 'single' : 'dual']!;
          return { files, changes: make(files, random) };
        },
        read: async ({ files, changes }) => {
          const segmenter = await load('mutant', fromMemory(await rehashed(files, changes), 'mutant'));
          segmenter.dispose();
        },
        isTyped: (error) => error instanceof ModelError && error.message.includes('mutant'),
        describe: ({ changes }) => new TextDecoder().decode(Object.values(changes)[0]).slice(0, 5000),
      });
      expect(outcome.read + outcome.refused).toBe(mutantCount(share / 2, usualMutants));
      // What a refused model had put on the backend is freed.
      expect(engine().memory().numTensors).toBe(before);
    },
    600_000,
  );
});
