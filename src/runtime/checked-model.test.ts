/** Models that are not what they say, on both runtimes: each is refused with a sentence that names it. */
import { engine } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { initialiseNodeBackend } from './backend.node.ts';
import {
  altered,
  bytes,
  firstOf,
  fromMemory,
  nodeOf,
  smallModel,
  type ModelChange,
  type ModelFolder,
} from './graph/testing-models.ts';
import { loadModel } from './load-model.ts';
import { ModelError, type ModelErrorCode } from './manifest.ts';
import { startNodeBackend, type NodeBackend } from './native/start-backend.node.ts';
import type { Segmenter } from './segmenter.ts';

let dual: ModelFolder;
let single: ModelFolder;
let native: NodeBackend;

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  dual = await smallModel('dual');
  single = await smallModel('single');
  native = await startNodeBackend('cpu', [], { threads: 1 });
});

const runtimes = ['TF.js', 'ONNX Runtime'] as const;

function load(
  runtime: (typeof runtimes)[number],
  files: ModelFolder,
  options?: { readonly force: boolean },
): Promise<Segmenter> {
  const loadOn = runtime === 'TF.js' ? loadModel : native.loadModel.bind(native);
  return loadOn('her-model', fromMemory(files), options);
}

type Fault = [what: string, code: ModelErrorCode, problem: RegExp, change: ModelChange];

const classesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `c${i}`, colour: '#000000', background: i === 0 }));

const domainOf = (node: string, channels: number) => ({
  file: 'domain.bin',
  sha256: '0'.repeat(64),
  stages: [{ node, channels }],
  typical: 1,
  data: 'none',
  slices: 2,
  patients: 2,
});

/** Of the model with two inputs, four classes, a slice of 48 and a context of 64 pixels. */
const structural: Fault[] = [
  [
    'packed that points at the logits',
    'bad-graph',
    /"logits" is not class and confidence/,
    { manifest: ({ graph }) => void (graph.outputs.packed = 'logits') },
  ],
  [
    'logits that are other features',
    'bad-graph',
    /not computed from the logits/,
    { manifest: ({ graph }) => void (graph.outputs.logits = 'features') },
  ],
  [
    'two classes of four',
    'bad-graph',
    /has 4 classes, the manifest names 2/,
    { manifest: (manifest) => void (manifest.classes = classesOf(2)) },
  ],
  [
    'five classes of four',
    'bad-graph',
    /has 4 classes, the manifest names 5/,
    { manifest: (manifest) => void (manifest.classes = classesOf(5)) },
  ],
  [
    'a measured value that the graph lacks',
    'bad-graph',
    /names the node "nope", which is not in the graph/,
    { manifest: (manifest) => void (manifest.domain = domainOf('nope', 3)) },
  ],
  [
    'a measured value with other channels',
    'bad-graph',
    /"slice" has 3 channels, by the manifest it has 5/,
    { manifest: (manifest) => void (manifest.domain = domainOf('slice', 5)) },
  ],
  [
    'a measured value that depends on the context',
    'bad-graph',
    /"logits", which the manifest measures, depends on more than the slice/,
    { manifest: (manifest) => void (manifest.domain = domainOf('logits', 4)) },
  ],
  [
    'statistics of another model',
    'bad-input',
    /do not match the manifest’s hash/,
    {
      manifest: (manifest) => void (manifest.domain = domainOf('slice', 3)),
      files: { 'domain.bin': new Uint8Array(4 * (3 + 3 + 6)) },
    },
  ],
  [
    'class names that differ by case',
    'bad-manifest',
    /classes\.2\.name.*name of class 1/,
    { manifest: ({ classes }) => void (classes[2]!.name = ' CLASS 1') },
  ],
  [
    'a wrong size of slices',
    'bad-graph',
    /slice has the shape \[48, 48, 3\]; by the manifest it is \[64, 64, 3\]/,
    { manifest: ({ slice }) => void (slice.sizePx = 64) },
  ],
  [
    'a wrong size of contexts',
    'bad-graph',
    /context has the shape \[64, 64, 3\]/,
    { manifest: ({ context }) => void (context!.sizePx = 48) },
  ],
  [
    'no context in the manifest',
    'bad-manifest',
    /graph\.inputs\.context/,
    { manifest: (manifest) => void (manifest.context = null) },
  ],
  [
    'slice and context in each other’s place',
    'bad-graph',
    /slice has the shape/,
    {
      manifest: ({ graph }) => {
        [graph.inputs.slice, graph.inputs.context] = [graph.inputs.context!, graph.inputs.slice];
      },
    },
  ],
  [
    'features of the context that depend on the slice',
    'bad-graph',
    /depend on the slice/,
    { manifest: ({ graph }) => void (graph.contextFeatures = ['features', 'logits']) },
  ],
  [
    'a context that reaches the logits past its features',
    'bad-graph',
    /past its features/,
    { manifest: ({ graph }) => void graph.contextFeatures.shift() },
  ],
  [
    'a golden check that anything passes',
    'bad-manifest',
    /golden\.agreement/,
    { manifest: ({ golden }) => void (golden.agreement = 0) },
  ],
  [
    'slices of 1 pm a pixel',
    'bad-manifest',
    /slice\.fieldUm.*0\.01 to 100 µm per pixel/,
    { manifest: ({ slice }) => void (slice.fieldUm = 48e-6) },
  ],
  [
    'slices of 1e-300 µm',
    'bad-manifest',
    /slice\.fieldUm/,
    { manifest: ({ slice }) => void (slice.fieldUm = 1e-300) },
  ],
  [
    'a cycle',
    'bad-graph',
    /no value before it/,
    {
      graph: (graph) => {
        firstOf(graph, 'Sigmoid').input = ['packed'];
      },
    },
  ],
  [
    'an unknown operation',
    'bad-graph',
    /\(Erf\): the operation is unknown/,
    { graph: (graph) => void (firstOf(graph, 'Sigmoid').op = 'Erf') },
  ],
  [
    'a missing input',
    'bad-graph',
    /has no input 0/,
    { graph: (graph) => void (firstOf(graph, 'Sigmoid').input = []) },
  ],
  [
    'an input that is nowhere',
    'bad-graph',
    /input nowhere is no value before it/,
    { graph: (graph) => void (firstOf(graph, 'Sigmoid').input = ['nowhere']) },
  ],
  [
    'an input called __proto__',
    'bad-graph',
    /input __proto__ is no value before it/,
    { graph: (graph) => void (firstOf(graph, 'Sigmoid').input = ['__proto__']) },
  ],
  [
    'a node called __proto__',
    'bad-graph',
    /expected another name/,
    { graph: (graph) => void (firstOf(graph, 'Sigmoid').name = '__proto__') },
  ],
  [
    'the same name twice',
    'bad-graph',
    /the name ".*" twice/,
    { graph: (graph) => void graph.modelTopology.node.push({ ...firstOf(graph, 'Sigmoid') }) },
  ],
  [
    'attributes of another kind',
    'bad-graph',
    /invalid at "modelTopology\.node\.\d+\.attr\.strides/,
    { graph: (graph) => void (firstOf(graph, '_FusedConv2D').attr!.strides = { list: { i: 'two' } }) },
  ],
  [
    'no attributes',
    'bad-graph',
    /her-model\/model\.json/,
    { graph: (graph) => void (firstOf(graph, '_FusedConv2D').attr = {}) },
  ],
  [
    'steps backwards',
    'bad-graph',
    /stride -?\d+ .* is not valid/,
    {
      graph: (graph) =>
        void (firstOf(graph, '_FusedConv2D').attr!.strides = { list: { i: ['1', '-1', '-1', '1'] } }),
    },
  ],
];

const numbers: Fault[] = [
  ['NaN in half precision', 0x7e00],
  ['infinity in half precision', 0x7c00],
].map(([what, half]): Fault => [
  `weights with ${String(what)}`,
  'bad-weights',
  /not finite numbers.*train, fetch or export/,
  {
    weights: (data, at, graph) => {
      const kernel = graph.weightsManifest[0]!.weights.find(
        ({ quantization }) => quantization !== undefined,
      )!;
      new DataView(data.buffer).setUint16(at(kernel.name) + 2, Number(half), true);
    },
  },
]);
numbers.push([
  'weights with NaN',
  'bad-weights',
  /not finite numbers/,
  { weights: (data) => new DataView(data.buffer).setFloat32(0, NaN, true) },
]);

const golden: Fault[] = [
  [
    'golden classes of another model',
    'failed-check',
    /test pixels have another class/,
    { files: { 'golden-classes.bin': new Uint8Array(48 * 48).fill(3) } },
  ],
  [
    'golden classes that are short',
    'failed-check',
    /golden-classes\.bin.*Expected 2,304 bytes, found 100/,
    { files: { 'golden-classes.bin': new Uint8Array(100) } },
  ],
  [
    'golden classes that are long',
    'failed-check',
    /golden-classes\.bin.*more data/,
    { files: { 'golden-classes.bin': new Uint8Array(5000) } },
  ],
  ['no golden classes', 'failed-check', /golden-classes\.bin/, { files: { 'golden-classes.bin': null } }],
  ['no golden context', 'failed-check', /golden-context\.bin/, { files: { 'golden-context.bin': null } }],
  [
    'a golden slice that is another picture',
    'failed-check',
    /test pixels have another class/,
    { files: { 'golden-slice.bin': new Uint8Array(3 * 48 * 48).fill(255) } },
  ],
];

describe.each(runtimes)('a model on %s', (runtime) => {
  it('loads if it is what it says', async () => {
    for (const files of [dual, single]) {
      const segmenter = await load(runtime, files);
      expect(segmenter.failedCheck).toBeUndefined();
      segmenter.dispose();
    }
  });

  it.each([...structural, ...numbers, ...golden])(
    'is refused with %s',
    async (_what, code, problem, change) => {
      const error = await load(runtime, await altered(dual, change)).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ModelError);
      expect(error).toMatchObject({ code });
      const { message, remedy } = error as ModelError;
      expect(message).toMatch(problem);
      expect(message).toContain('her-model');
      expect(remedy.length).toBeGreaterThan(20);
    },
  );

  it.each(golden)(
    'runs if it is forced, and says why it should not: %s',
    async (_what, _code, problem, change) => {
      const segmenter = await load(runtime, await altered(dual, change), { force: true });
      expect(segmenter.failedCheck).toMatch(problem);
      segmenter.dispose();
    },
  );

  it('leaves nothing on the backend when TF.js throws after it has made the weights', async () => {
    const before = engine().memory().numTensors;
    const files = await altered(dual, {
      graph: (graph) => void nodeOf(graph, 'logits').input!.push('^nowhere'),
    });
    await load(runtime, files).then(
      (segmenter) => segmenter.dispose(),
      (error: unknown) => expect(error).toMatchObject({ code: 'bad-graph' }),
    );
    expect(engine().memory().numTensors).toBe(before);
  });

  it('is not forced where its graph is another one', async () => {
    const files = await altered(dual, { manifest: (manifest) => void (manifest.classes = classesOf(2)) });
    await expect(load(runtime, files, { force: true })).rejects.toMatchObject({ code: 'bad-graph' });
  });

  it('is refused with a pooling border that may win, which other programs read past the end of memory for', async () => {
    const files = await altered(single, {
      graph: (graph) => {
        const padded = firstOf(graph, 'PadV2');
        // The kernel's weights as paddings.
        padded.input = [padded.input![0]!, firstOf(graph, '_FusedConv2D').input![1]!, padded.input![2]!];
      },
    });
    await expect(load(runtime, files)).rejects.toMatchObject({ code: 'bad-graph' });
  });

  it('is refused with a map of a million pixels a side, before it is computed', async () => {
    const files = await altered(single, {
      weights: (data, at, graph) => {
        const size = nodeOf(graph, 'logits').input![1]!;
        new Int32Array(data.buffer, at(size), 2).fill(1_000_000);
      },
    });
    await expect(load(runtime, files)).rejects.toThrow(/her-model.*exceeds the 134,217,728/);
  });

  it('is read or refused in a second if it is deep', async () => {
    const deep = async (layers: number): Promise<ModelFolder> =>
      altered(single, {
        graph: (graph) => {
          const at = graph.modelTopology.node.findIndex(({ name }) => name === 'logits');
          const logits = nodeOf(graph, 'logits');
          const names = Array.from({ length: layers }, (_, i) => `deep_${i}`);
          const chain = names.map((name, i) => ({
            name,
            op: 'Relu',
            input: [names[i - 1] ?? logits.input![0]!],
            attr: {},
          }));
          graph.modelTopology.node.splice(at, 0, ...chain);
          logits.input = [names.at(-1)!, ...logits.input!.slice(1)];
        },
      });
    await expect(load(runtime, await deep(30_000))).rejects.toMatchObject({ code: 'bad-graph' });
  });
});

describe('JSON that is nested without end', () => {
  it('is refused', async () => {
    const nested = new TextEncoder().encode(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    for (const name of ['manifest.json', 'model.json']) {
      const files = new Map(dual).set(name, nested);
      await expect(load('TF.js', files)).rejects.toBeInstanceOf(ModelError);
    }
    const files = new Map(dual).set('manifest.json', bytes({ ...JSON.parse('{"__proto__": {"title": 1}}') }));
    await expect(load('TF.js', files)).rejects.toMatchObject({ code: 'bad-manifest' });
  });
});
