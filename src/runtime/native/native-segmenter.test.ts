import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openFromCommandLine } from '../../cli/slide.ts';
import { planSegmentation } from '../../segment/plan.ts';
import { slideReader } from '../../segment/slice-reader.ts';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { initialiseNodeBackend } from '../backend.node.ts';
import { classAgreement } from '../class-agreement.ts';
import { checkGolden } from '../golden-check.ts';
import { recordNetwork } from '../graph/graph-model.ts';
import { dualNetwork } from '../graph/test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from '../graph/testing.ts';
import { fromFolder } from '../load-model.node.ts';
import { loadModel } from '../load-model.ts';
import type { ModelManifest } from '../manifest.ts';
import type { InputImage, Segmenter, SegmenterOptions, SliceInput, SliceMaps } from '../segmenter.ts';
import { graphsOf } from './native-graphs.ts';
import { nativeRuntime } from './native-runtime.node.ts';
import { NativeSegmenter } from './native-segmenter.ts';
import { startNodeBackend, type NodeBackend } from './start-backend.node.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const folder = path.join(root, 'models');
const ids = existsSync(folder)
  ? readdirSync(folder).filter((id) => existsSync(path.join(folder, id, 'manifest.json')))
  : [];
/** Bytes in batches: with and without context; every model before a release (`DUALSCOPE_MODELS=all`). */
const inBatches =
  process.env.DUALSCOPE_MODELS === 'all' ? ids : ids.filter((id) => /^(nano-aligned|nano-single)$/.test(id));
const withLogits: SegmenterOptions = { logProbabilities: true };

let native: NodeBackend;

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  native = await startNodeBackend('cpu', [], { threads: 2 });
});

/** A context of a demo slide, and up to four of its slices. */
async function realSlices(
  manifest: ModelManifest,
): Promise<{ context: InputImage | null; slices: SliceInput[] }> {
  const file = manifest.id.startsWith('nano-') ? 'phantom-1.tif' : 'colon-mosaic.tif';
  const slide = await openFromCommandLine([path.join(root, 'public/slides', file)]);
  try {
    const { width, height, mpp } = slide.metadata;
    const reader = slideReader(slide, nodePlatform());
    const { plan } = await planSegmentation(reader, slide.metadata, manifest, {
      mpp: mpp ?? { x: 0.5, y: 0.5 },
      area: { kind: 'slide' },
      overlap: 0.25,
      glass: null,
    });
    const { signal } = new AbortController();
    const middle = plan.regions.find(({ context, slices }) => {
      const first = plan.slices[slices[0] ?? 0]?.rect;
      return first !== undefined && first.x > width / 3 && first.y > height / 3 && context !== undefined;
    });
    if (middle === undefined) throw new Error('The slide has no region in its middle.');
    const { context } = middle;
    const slices: SliceInput[] = [];
    for (const index of middle.slices.slice(0, 4)) {
      const { rect, sliceInContext } = plan.slices[index]!;
      slices.push({ image: await reader.read(rect, plan.sizePx, signal), sliceInContext });
    }
    return {
      context: context === null ? null : await reader.read(context, plan.contextSizePx!, signal),
      slices,
    };
  } finally {
    slide.close();
  }
}

async function segmentAll(
  segmenter: Segmenter,
  { context, slices }: { context: InputImage | null; slices: readonly SliceInput[] },
): Promise<SliceMaps[]> {
  const features = context === null ? null : segmenter.encodeContext(context);
  const maps: SliceMaps[] = [];
  for (const { image, sliceInContext } of slices) {
    maps.push(await segmenter.segment(image, features, sliceInContext, withLogits));
  }
  features?.dispose();
  return maps;
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  let largest = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe.skipIf(ids.length === 0)('the shipped models', () => {
  it.each(ids)('%s agrees with TF.js on its golden slice and on slices of a demo slide', async (id) => {
    const readFile = fromFolder(path.join(folder, id));
    const ours = await native.loadModel(id, readFile);
    const theirs = await loadModel(id, readFile);
    try {
      // Computed by TF.js where the model was exported.
      const golden = await checkGolden(ours, readFile);
      expect(golden.agreement).toBeGreaterThanOrEqual(0.999);

      const inputs = await realSlices(ours.manifest);
      expect(inputs.slices.length).toBeGreaterThanOrEqual(2);
      const [actual, expected] = [await segmentAll(ours, inputs), await segmentAll(theirs, inputs)];
      const { share, confidenceDifference } = classAgreement(actual, expected);
      expect(share).toBeGreaterThanOrEqual(0.999);
      expect(confidenceDifference).toBeLessThanOrEqual(1.01 / 255);
      actual.forEach((maps, index) => {
        expect(
          largestDifference(maps.logProbabilities!, expected[index]!.logProbabilities!),
        ).toBeLessThanOrEqual(1);
      });
      for (const { image } of inputs.slices) {
        const [distance, other] = [await ours.distance?.(image), await theirs.distance?.(image)];
        expect(distance).toBeGreaterThan(0);
        expect(distance! / other!).toBeCloseTo(1, 3);
      }
    } finally {
      ours.dispose();
      theirs.dispose();
    }
  });

  it.each(inBatches)('%s gives the same bytes in a batch, on any number of threads', async (id) => {
    const readFile = fromFolder(path.join(folder, id));
    const alone = await startNodeBackend('cpu', [], { threads: 1 });
    const [one, two] = [await alone.loadModel(id, readFile), await native.loadModel(id, readFile)];
    const inputs = await realSlices(one.manifest);
    const single = await segmentAll(one, inputs);
    const features = inputs.context === null ? null : two.encodeContext(inputs.context);
    expect(await two.segmentBatch!(inputs.slices, features, withLogits)).toEqual(single);
    features?.dispose();
    one.dispose();
    two.dispose();
  });
});

describe('a network with context', () => {
  const blank = (sizePx: number): InputImage => ({
    width: sizePx,
    height: sizePx,
    data: new Uint8ClampedArray(4 * sizePx * sizePx).fill(200),
  });
  const position = { x: 0.2, y: 0.3, size: 0.4 };
  /** ONNX Runtime with a count of what it computed. */
  const sessions: { readonly inputs: readonly string[]; runs: number }[] = [];
  let fails = false;
  let model: NativeSegmenter;

  beforeAll(async () => {
    const weights = await randomWeights(dualNetwork, randomInputs(1, 32, 48));
    const runtime = nativeRuntime(ort, 'cpu', 1);
    const { manifest } = await manifestOnly();
    model = new NativeSegmenter(
      manifest,
      graphsOf(recordNetwork(dualNetwork, weights, { slice: 32, context: 48 })),
      {
        ...runtime,
        createSession: async (file, keepOnDevice) => {
          const session = await runtime.createSession(file, keepOnDevice);
          const seen = { inputs: session.inputNames, runs: 0 };
          sessions.push(seen);
          const run = session.run.bind(session);
          session.run = (feeds: ort.InferenceSession.FeedsType) => {
            seen.runs++;
            return fails ? Promise.reject(new Error('The device was lost.\nIn a file.')) : run(feeds);
          };
          return session;
        },
      },
    );
  });
  afterAll(() => model.dispose());

  async function manifestOnly(): Promise<{ manifest: ModelManifest }> {
    const fields = manifestFields({ slicePx: 32, contextPx: 48, classes: 4 });
    // What the exporter would add is not read here.
    return { manifest: fields as unknown as ModelManifest };
  }

  it('encodes a context once, and computes log-probabilities only on request', async () => {
    const features = model.encodeContext(blank(48));
    const first = await model.segment(blank(32), features, position);
    const second = await model.segment(blank(32), features, position);
    expect(second).toEqual(first);
    expect(first.logProbabilities).toBeUndefined();
    expect(sessions.map(({ inputs, runs }) => [inputs.length, runs])).toEqual([
      [1, 1],
      // Slice, box and one map: what else it reads of the context was computed once, too.
      [expect.any(Number), 2],
    ]);
    const more = await model.segment(blank(32), features, position, withLogits);
    expect(more).toMatchObject({ classes: first.classes, confidence: first.confidence });
    expect(more.logProbabilities).toHaveLength(32 * 32 * 4);
    // The winner has 255 everywhere.
    first.classes.forEach((winner, pixel) => expect(more.logProbabilities![4 * pixel + winner]).toBe(255));
    expect(sessions.length).toBe(3);
    features.dispose();
  });

  it('keeps a context of its own, whatever becomes of the image', async () => {
    const image = blank(48);
    const features = model.encodeContext(image);
    image.data.fill(0);
    const expected = model.encodeContext(blank(48));
    expect(await model.segment(blank(32), features, position)).toEqual(
      await model.segment(blank(32), expected, position),
    );
    for (const each of [features, expected]) each.dispose();
  });

  it('rejects what it cannot compute, naming the model', async () => {
    const bad = { code: 'bad-input', file: 'test-model' };
    expect(() => model.encodeContext(blank(47))).toThrow(expect.objectContaining(bad));
    const features = model.encodeContext(blank(48));
    await expect(model.segment(blank(31), features, position)).rejects.toMatchObject(bad);
    await expect(model.segment(blank(32), features, null)).rejects.toMatchObject(bad);
    await expect(model.segment(blank(32), null, position)).rejects.toMatchObject(bad);
    await expect(model.segment(blank(32), { dispose: () => undefined }, position)).rejects.toMatchObject(bad);
    features.dispose();
    await expect(model.segment(blank(32), features, position)).rejects.toMatchObject(bad);
    expect(() => features.dispose()).toThrow('exactly once');
  });

  it('reports a failure of the provider as one of the backend, also one of a context', async () => {
    fails = true;
    onTestFinished(() => void (fails = false));
    const features = model.encodeContext(blank(48));
    const failure = model.segment(blank(32), features, position);
    await expect(failure).rejects.toMatchObject({
      code: 'backend',
      problem: 'ONNX Runtime could not compute: The device was lost.',
    });
    features.dispose();
  });

  it('disposes once, and computes nothing afterwards', async () => {
    const weights = await randomWeights(dualNetwork, randomInputs(1, 32, 48));
    const network = recordNetwork(dualNetwork, weights, { slice: 32, context: 48 });
    const other = new NativeSegmenter(model.manifest, graphsOf(network), nativeRuntime(ort, 'cpu', 1));
    await other.warmUp();
    other.dispose();
    other.dispose();
    expect(() => other.encodeContext(blank(48))).toThrow('has been disposed');
    await expect(other.warmUp()).rejects.toThrow('has been disposed');
  });
});
