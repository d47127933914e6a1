import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { fullSizeLogits } from '../../model/network.ts';
import { presets } from '../../model/presets.ts';
import { initialiseNodeBackend } from '../backend.node.ts';
import { fromFolder } from '../load-model.node.ts';
import { modelArtifacts } from '../load-model.ts';
import { readModelFiles, type ModelFiles, type ReadFile } from '../model-files.ts';
import { ModelError } from '../manifest.ts';
import { toOnnx } from '../onnx/onnx-model.ts';
import { sliceBox } from '../slice-box.ts';
import { exportModel } from './export-model.ts';
import { toGraphDef } from './graph-def.ts';
import { recordNetwork, type RecordedNetwork } from './graph-model.ts';
import { readGraphDef } from './read-graph-def.ts';
import { dualNetwork, singleNetwork } from './test-networks.ts';
import {
  manifestFields,
  randomInputs,
  randomWeights,
  relativeError,
  type NetworkFunction,
} from './testing.ts';

const folder = path.resolve(import.meta.dirname, '../../../models');
const shipped = existsSync(folder)
  ? readdirSync(folder).filter((id) => existsSync(path.join(folder, id, 'manifest.json')))
  : [];

beforeAll(() => initialiseNodeBackend('wasm'));

/** The golden slice and context as the graph's inputs. */
async function goldenFeeds(
  { manifest }: ModelFiles,
  readFile: ReadFile,
): Promise<Record<string, { data: Float32Array; shape: number[] }>> {
  const { graph, golden, slice, context } = manifest;
  const feeds: Record<string, { data: Float32Array; shape: number[] }> = {};
  const image = async (name: string, file: string, side: number): Promise<void> => {
    feeds[name] = { data: Float32Array.from(await readFile(file)), shape: [1, side, side, 3] };
  };
  await image(graph.inputs.slice, golden.slice, slice.sizePx);
  if (graph.inputs.context !== null) await image(graph.inputs.context, golden.context!, context!.sizePx);
  if (graph.inputs.sliceInContext !== null) {
    const box = sliceBox(golden.sliceInContext!, context!.sizePx, slice.sizePx);
    feeds[graph.inputs.sliceInContext] = { data: Float32Array.from(box), shape: [1, 1, 1, 4] };
  }
  return feeds;
}

/** Reads a model back, writes it as ONNX, and compares it with TF.js on the golden slice. */
async function expectSameAsTfjs(readFile: ReadFile): Promise<RecordedNetwork> {
  const files = await readModelFiles('model', readFile);
  const feeds = await goldenFeeds(files, readFile);
  const { logits, packed } = files.manifest.graph.outputs;
  const network = readGraphDef(files);

  const model = await loadGraphModel({ load: async () => modelArtifacts(files) });
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]),
  );
  const [expected, classes] = model.execute(tensors, [logits, packed]) as [tf.Tensor, tf.Tensor];

  const session = await ort.InferenceSession.create(toOnnx(network, { dtype: 'float32', producer: 'test' }));
  const results = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [name, new ort.Tensor('float32', data, shape)]),
    ),
  );
  await session.release();
  model.dispose();

  expect(results[logits]!.dims).toEqual(expected.shape);
  expect(relativeError(results[logits]!.data as Float32Array, await expected.data())).toBeLessThan(1e-3);
  const reference = await classes.data();
  const actual = results[packed]!.data as Int32Array;
  const same = actual.filter((value, i) => value >> 8 === (reference[i] ?? 0) >> 8).length;
  expect(same / reference.length).toBeGreaterThanOrEqual(0.999);
  const stored = await readFile(files.manifest.golden.classes);
  const golden = actual.filter((value, i) => value >> 8 === stored[i]).length;
  expect(golden / stored.length).toBeGreaterThanOrEqual(files.manifest.golden.agreement);
  return network;
}

describe.skipIf(shipped.length === 0)('a shipped model, read back and written as ONNX', () => {
  it.each(shipped)('%s computes in ONNX Runtime what its graph computes in TF.js', async (id) => {
    const network = await expectSameAsTfjs(fromFolder(path.join(folder, id)));
    const manifest = JSON.parse(
      new TextDecoder().decode(await fromFolder(path.join(folder, id))('manifest.json')),
    ) as { graph: { contextFeatures: string[] } };
    expect(network.contextFeatures.map(({ label }) => label)).toEqual(manifest.graph.contextFeatures);
  });
});

const recordings: [string, NetworkFunction, { slice: number; context: number | null; classes: number }][] = [
  ['a network of every operation', singleNetwork, { slice: 48, context: null, classes: 3 }],
  ['a network of two inputs', dualNetwork, { slice: 32, context: 48, classes: 4 }],
  ...presets
    .filter(({ id }) => id.startsWith('nano-'))
    .map(({ id, network, contextPx }): (typeof recordings)[number] => [
      id,
      (ops, input) => fullSizeLogits(ops, input, network),
      { slice: 70, context: contextPx === null ? null : 90, classes: network.classes },
    ]),
];

/** Files of a network with random weights. */
async function exported(
  network: NetworkFunction,
  { slice, context, classes }: { slice: number; context: number | null; classes: number },
): Promise<{ files: Map<string, Uint8Array<ArrayBuffer>>; recorded: RecordedNetwork }> {
  const inputs = randomInputs(1, slice, context);
  const variables = await randomWeights(network, inputs);
  const { files } = await exportModel({
    fields: manifestFields({ slicePx: slice, contextPx: context, classes }),
    network,
    variables,
    dtype: 'float32',
    golden: {
      slice: Uint8Array.from(await inputs.slice.data()),
      context: inputs.context && Uint8Array.from(await inputs.context.data()),
      sliceInContext: context === null ? null : { x: 0.2, y: 0.5, size: 0.4 },
    },
  });
  return { files: new Map(files), recorded: recordNetwork(network, variables, { slice, context }) };
}

function fromMemory(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): ReadFile {
  return async (name) => files.get(name)!;
}

describe.each(recordings)('%s, exported', (_, network, sizes) => {
  it('is read back as it was recorded', async () => {
    const { files, recorded } = await exported(network, sizes);
    const read = await expectSameAsTfjs(fromMemory(files));
    const names = ({ nodes }: ReturnType<typeof toGraphDef>): unknown =>
      nodes.map(({ name, op, input }) => ({ name, op, input }));
    // Written again, the graph is the same node for node: nothing was lost or guessed.
    expect(names(toGraphDef(read))).toEqual(names(toGraphDef(recorded)));
    expect(toGraphDef(read).nodes).toEqual(toGraphDef(recorded).nodes);
    for (const [index, { data }] of toGraphDef(recorded).constants.entries()) {
      expect(toGraphDef(read).constants[index]!.data()).toEqual(data());
    }
  });
});

describe('a graph that this version does not write', () => {
  interface Node {
    name: string;
    op: string;
    input: string[];
    attr: Record<string, unknown>;
  }
  let files: ModelFiles;

  beforeAll(async () => {
    const { files: all } = await exported(dualNetwork, { slice: 32, context: 48, classes: 4 });
    files = await readModelFiles('model', fromMemory(all));
  });

  /** The error of reading the graph after a change to the node of that name. */
  function errorOf(name: string, change: (node: Node) => Partial<Node>): unknown {
    const node = files.graph.modelTopology.node.map((each) =>
      each.name === name ? { ...each, ...change(each as Node) } : each,
    );
    try {
      readGraphDef({
        ...files,
        graph: {
          ...files.graph,
          modelTopology: { ...files.graph.modelTopology, node },
        } as ModelFiles['graph'],
      });
    } catch (error) {
      return error;
    }
    return null;
  }

  const dilated = { list: { i: ['1', '2', '2', '1'] } };
  it.each<[string, string, (node: Node) => Partial<Node>, RegExp]>([
    ['an unknown operation', 'head', () => ({ op: 'Erf' }), /unknown/],
    ['a dilated kernel', 'head', ({ attr }) => ({ attr: { ...attr, dilations: dilated } }), /dilated/],
    [
      'another packing',
      'packed/half_up',
      ({ input }) => ({ input: [input[0]!, 'packed/steps'] }),
      /not 0\.5/,
    ],
    [
      'half-pixel centres',
      'logits',
      ({ attr }) => ({ attr: { ...attr, align_corners: { b: false } } }),
      /align/,
    ],
    [
      'an inner node as a value',
      'head',
      ({ input }) => ({ input: ['affine/scaled', ...input.slice(1)] }),
      /no value/,
    ],
    [
      'another extent of a mean',
      'globalMean',
      ({ input }) => ({ input: [input[0]!, 'logits/size'] }),
      /not 1, 2/,
    ],
    [
      'weights of other channels',
      'head',
      ({ input }) => ({ input: ['slice', ...input.slice(1)] }),
      /channels/,
    ],
  ])('is refused for %s, naming the node', (_, name, change, problem) => {
    const error = errorOf(name, change);
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code: 'bad-graph', file: 'test-model/model.json' });
    expect((error as ModelError).problem).toMatch(problem);
    expect((error as ModelError).problem).toContain(name);
  });
});
