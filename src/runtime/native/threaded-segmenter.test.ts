/** The network in threads of its own: same bytes, same errors, and a process that still ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toErrorReport } from '../../base/error-report.ts';
import { initialiseNodeBackend } from '../backend.node.ts';
import { recordNetwork } from '../graph/graph-model.ts';
import { dualNetwork } from '../graph/test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from '../graph/testing.ts';
import { isWorthRetrying } from '../guarded-segmenter.ts';
import type { ModelManifest } from '../manifest.ts';
import type { InputImage, SliceInput } from '../segmenter.ts';
import { graphsOf, type NetworkGraphs } from './native-graphs.ts';
import { nativeRuntime } from './native-runtime.node.ts';
import { NativeSegmenter } from './native-segmenter.ts';
import { batchesInFlight, lanesOf, ThreadedSegmenter } from './threaded-segmenter.node.ts';

describe('the division of threads', () => {
  it.each([
    ['one core a network', 2, 40e6, 2, 1],
    ['at most eight networks', 16, 40e6, 8, 2],
    ['all cores where it goes evenly, else nearly all', 9, 40e6, 4, 2],
    ['few copies of large weights', 16, 500e6, 2, 6],
    ['at least one network', 4, 4e9, 1, 4],
    ['one core', 1, 40e6, 1, 1],
  ])('%s', (_, threads, weightBytes, lanes, threadsPerLane) => {
    expect(lanesOf(threads, weightBytes)).toEqual({ lanes, threadsPerLane });
  });

  it('keeps batches waiting for every network', () => {
    expect(batchesInFlight(2)).toBeGreaterThan(2 * 2);
  });
});

describe('a network with context', () => {
  let manifest: ModelManifest;
  let graphs: NetworkGraphs;
  let threaded: ThreadedSegmenter;

  const image = (sizePx: number, seed: number): InputImage => ({
    width: sizePx,
    height: sizePx,
    data: Uint8ClampedArray.from(
      { length: 4 * sizePx * sizePx },
      (_value, i) => (i * (7 + seed) + seed) % 256,
    ),
  });
  const slices = (count: number): SliceInput[] =>
    Array.from({ length: count }, (_value, i) => ({
      image: image(32, i),
      sliceInContext: { x: 0.05 * i, y: 0.3, size: 0.4 },
    }));
  const withLogits = { logProbabilities: true };

  beforeAll(async () => {
    // Draws the weights.
    await initialiseNodeBackend('wasm');
    const weights = await randomWeights(dualNetwork, randomInputs(1, 32, 48));
    graphs = graphsOf(recordNetwork(dualNetwork, weights, { slice: 32, context: 48 }));
    // What the exporter would add, of which only the costs are read here.
    const fields = manifestFields({ slicePx: 32, contextPx: 48, classes: 4 });
    manifest = { ...fields, macs: 3e6, macsReusedContext: 1e6 } as unknown as ModelManifest;
    threaded = await ThreadedSegmenter.start(manifest, graphs, {
      provider: 'cpu',
      lanes: 2,
      threadsPerLane: 1,
    });
  });
  afterAll(() => threaded.dispose());

  it('gives the bytes of the network on this thread, whichever thread computes a slice', async () => {
    const here = new NativeSegmenter(manifest, graphs, nativeRuntime(ort, 'cpu', 1));
    const contexts = [image(48, 1), image(48, 2)];
    const expected = [];
    for (const context of contexts) {
      const features = here.encodeContext(context);
      expected.push(await here.segmentBatch(slices(6), features, withLogits));
      features.dispose();
    }
    here.dispose();
    await threaded.warmUp(withLogits);
    const found = await Promise.all(
      contexts.map(async (context) => {
        const features = threaded.encodeContext(context);
        // The caller may reuse its image.
        context.data.fill(0);
        const [six, first] = [slices(6), slices(1)];
        const batches = Promise.all([
          threaded.segmentBatch(six.slice(0, 2), features, withLogits),
          threaded.segmentBatch(six.slice(2, 5), features, withLogits),
          threaded.segmentBatch(six.slice(5), features, withLogits),
        ]);
        // Its pixels were not moved away.
        expect(six[0]!.image.data).toEqual(first[0]!.image.data);
        features.dispose();
        return (await batches).flat();
      }),
    );
    expect(found).toEqual(expected);
  });

  it('uses memory again that the caller gives back, for the same bytes', async () => {
    const features = threaded.encodeContext(image(48, 1));
    const [six, three] = [slices(6), slices(3)];
    const expected = await threaded.segmentBatch(six.slice(3), features, withLogits);
    const first = await threaded.segmentBatch(three, features, withLogits);
    threaded.reuse(first);
    const found = await threaded.segmentBatch(six.slice(3), features, withLogits);
    expect(found).toEqual(expected);
    // Moved to the network's thread.
    expect(first[0]!.logProbabilities).toHaveLength(0);
    expect(expected[0]!.logProbabilities).toHaveLength(32 * 32 * 4);
    // Another length: what was given back does not fit.
    threaded.reuse(found);
    expect(await threaded.segmentBatch(six.slice(0, 1), features)).toHaveLength(1);
    features.dispose();
  });

  it('takes the pixels that the caller does not need, and copies those that are part of more', async () => {
    const features = threaded.encodeContext(image(48, 1));
    const expected = await threaded.segmentBatch(slices(3), features);
    const given = slices(3);
    const part = given[1]!.image.data;
    const more = new Uint8ClampedArray(part.length + 8);
    more.set(part, 4);
    const view = { ...given[1]!.image, data: more.subarray(4, 4 + part.length) };
    const mixed = given.map((slice, i) => (i === 1 ? { ...slice, image: view } : slice));
    expect(await threaded.segmentBatch(mixed, features, { takesImages: true })).toEqual(expected);
    expect(mixed.map(({ image: { data } }) => data.length)).toEqual([0, part.length, 0]);
    // The same image for two slices, as a reader of one colour might give.
    const twice = { ...slices(1)[0]!, image: image(32, 5) };
    const [first, second] = await threaded.segmentBatch([twice, twice], features, { takesImages: true });
    expect(first).toEqual(second);
    features.dispose();
  });

  it('computes the batches that wait when their context is disposed of, as a full cache may do', async () => {
    const features = threaded.encodeContext(image(48, 3));
    const expected = await threaded.segmentBatch(slices(6), features);
    const waiting = Array.from({ length: 40 }, () => threaded.segmentBatch(slices(6), features));
    features.dispose();
    for (const maps of await Promise.all(waiting)) expect(maps).toEqual(expected);
  });

  it('says how long a batch took', async () => {
    const features = threaded.encodeContext(image(48, 1));
    const times: number[] = [];
    const onComputed = (ms: number): void => void times.push(ms);
    const before = performance.now();
    await Promise.all([0, 1].map(() => threaded.segmentBatch(slices(3), features, { onComputed })));
    const elapsed = performance.now() - before;
    features.dispose();
    expect(times.length).toBe(2);
    for (const ms of times) {
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(elapsed);
    }
  });

  it('rejects what it can’t compute as the network on this thread does', async () => {
    const bad = { name: 'ModelError', code: 'bad-input', file: 'test-model' };
    expect(() => threaded.encodeContext(image(47, 1))).toThrow(expect.objectContaining(bad));
    const features = threaded.encodeContext(image(48, 1));
    const [{ image: slice } = { image: image(32, 0) }] = slices(1);
    const position = { x: 0, y: 0, size: 1 };
    await expect(threaded.segment(image(31, 1), features, position)).rejects.toMatchObject(bad);
    // This one is found on the thread.
    await expect(threaded.segment(slice, features, null)).rejects.toMatchObject(bad);
    await expect(threaded.segment(slice, null, position)).rejects.toMatchObject(bad);
    await expect(threaded.segment(slice, { dispose: () => undefined }, position)).rejects.toMatchObject(bad);
    features.dispose();
    await expect(threaded.segment(slice, features, position)).rejects.toMatchObject(bad);
    expect(() => features.dispose()).toThrow('exactly once');
  });

  it('does not start with a provider that this platform lacks', async () => {
    const start = ThreadedSegmenter.start(manifest, graphs, {
      provider: process.platform === 'darwin' ? 'dml' : 'coreml',
      lanes: 1,
      threadsPerLane: 1,
    });
    // The provider is looked up when the first session is created.
    const failure: unknown = await start.then((model) => model.warmUp()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'ModelError', code: 'backend' });
    expect(isWorthRetrying(failure)).toBe(true);
  });

  it('leaves its threads to the next network, whose contexts are its own', async () => {
    const workers: unknown[] = [];
    const count = (worker: unknown): unknown => workers.push(worker);
    process.on('worker', count);
    try {
      let first: Uint8Array | null = null;
      for (let times = 0; times < 6; times++) {
        const one = await ThreadedSegmenter.start(manifest, graphs, {
          provider: 'cpu',
          lanes: 1,
          threadsPerLane: 1,
        });
        const context = one.encodeContext(image(48, 1));
        const [maps] = await one.segmentBatch(slices(1), context);
        first ??= maps!.classes;
        expect(maps!.classes).toEqual(first);
        one.dispose();
        // Late, when the thread may have another network.
        setTimeout(() => context.dispose(), 20);
        await new Promise((done) => setTimeout(done, 10));
      }
      expect(workers.length).toBeLessThanOrEqual(2);
    } finally {
      process.off('worker', count);
    }
  });

  it('fails its open calls when it is disposed of, and later ones', async () => {
    const model = await ThreadedSegmenter.start(manifest, graphs, {
      provider: 'cpu',
      lanes: 1,
      threadsPerLane: 1,
    });
    const features = model.encodeContext(image(48, 1));
    const open = Promise.allSettled([0, 1, 2].map(() => model.segmentBatch(slices(3), features)));
    model.dispose();
    model.dispose();
    // Settled, one way or another: a run must not wait for ever.
    for (const each of await open) {
      if (each.status === 'rejected') expect(toErrorReport(each.reason).problem).not.toBe('');
    }
    await expect(model.segmentBatch(slices(1), features)).rejects.toThrow('has been disposed');
    expect(() => model.encodeContext(image(48, 1))).toThrow('has been disposed');
  });
});

it('keeps a process alive while it computes, and no longer', async () => {
  const program = `
import path from 'node:path';
import { fromFolder } from './src/runtime/load-model.node.ts';
import { startNodeBackend } from './src/runtime/native/start-backend.node.ts';
const backend = await startNodeBackend('cpu', [], { threads: 2 });
const segmenter = await backend.loadModel('nano-single', fromFolder(path.resolve('models/nano-single')));
const { sizePx } = segmenter.manifest.slice;
const blank = { width: sizePx, height: sizePx, data: new Uint8ClampedArray(4 * sizePx * sizePx) };
const maps = await segmenter.segment(blank, null, null);
// Neither disposed of nor released.
process.stdout.write(String(maps.classes.length === sizePx * sizePx));
`;
  const words = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const root = path.resolve(import.meta.dirname, '../../..');
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
  expect((await once(child, 'close'))[0]).toBe(0);
  expect(printed).toBe('true');
}, 60_000);
