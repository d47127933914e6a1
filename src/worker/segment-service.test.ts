import { afterEach, describe, expect, it } from 'vitest';
import { fakeBackend, FakeSegmenter } from '../segment/fake-segmenter.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import { ModelError, type ModelManifest } from '../runtime/manifest.ts';
import { ModelCache } from '../segment/model-cache.ts';
import type { SegmentEvent, SegmentRequest, SegmentWorkerApi } from './protocol.ts';
import { RpcClient, serveRpc } from '../base/rpc.ts';
import { createSegmentService, type SegmentPlatform } from './segment-service.ts';

const model = {
  slice: { fieldUm: 100, sizePx: 4 },
  context: { kind: 'region', fieldUm: 500, sizePx: 4 },
} as const;

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function connect(overrides: Partial<SegmentPlatform> = {}, mpp: SlideMetadata['mpp'] = null) {
  const segmenter = new FakeSegmenter(model, () => new Promise((resolve) => setTimeout(resolve, 1)));
  const state = { opened: 0, closed: 0, started: [] as unknown[] };
  const metadata = { name: 'a.svs', width: 1000, height: 1000, mpp } as unknown as SlideMetadata;
  const platform: SegmentPlatform = {
    startBackend: async (wanted) => {
      state.started.push(wanted);
      return fakeBackend({ device: '1 thread', reason: 'There is no GPU.' });
    },
    numTensors: () => 10 + segmenter.live,
    readManifest: async () => segmenter.manifest,
    loadModel: async () => segmenter,
    openSlide: async () => {
      state.opened++;
      return { metadata, close: () => state.closed++ };
    },
    reader: () => ({
      read: async (_rect, size) => ({
        width: size,
        height: size,
        data: new Uint8ClampedArray(4 * size * size),
      }),
    }),
    ...overrides,
  };
  const { port1, port2 } = new MessageChannel();
  serveRpc<SegmentWorkerApi>(port1, createSegmentService(platform));
  const client = new RpcClient<SegmentWorkerApi>(port2);
  port1.start();
  port2.start();
  ports.push(port1);
  return { client, state, segmenter };
}

const request: SegmentRequest = {
  slide: { kind: 'url', url: 'https://a.test/a.svs' },
  modelUrl: 'https://a.test/models/nano/',
  area: null,
  mpp: { x: 1, y: 1, source: 'user' },
};

describe('segment service', () => {
  it('sends all slices, then the summary, and leaks no tensors', async () => {
    const { client, state } = connect();
    const events: SegmentEvent[] = [];
    const summary = await client.call('segment', [request], {
      onProgress: (event) => events.push(event as SegmentEvent),
    });
    expect(summary).toMatchObject({
      slices: 100,
      broken: 0,
      regionsEncoded: 4,
      cancelled: false,
      tensorsBefore: 10,
      tensorsAfter: 10,
    });
    const statistics = events.filter(({ kind }) => kind === 'statistics');
    expect(statistics.at(-1)).toMatchObject({ statistics: { computed: 100, stages: summary.stages } });
    expect(events.length).toBe(101 + statistics.length);
    expect(events[0]).toEqual({ kind: 'planned', slices: 100, regions: 4, skipped: 0 });
    const last = events.findLast(({ kind }) => kind !== 'statistics')!;
    expect(last.kind === 'slice' && last.result.classes.length).toBe(16);
    expect(state.opened).toBe(1);
    expect(state.started).toEqual([null]);
  });

  it('leaves the context out where the model has learned it, and refuses where it has not', async () => {
    const area = { x: 0, y: 0, width: 10, height: 10 };
    const named = (changes: Partial<ModelManifest>): { segmenter: Segmenter; fake: FakeSegmenter } => {
      const fake = new FakeSegmenter(model);
      const segmenter: Segmenter = {
        manifest: { ...fake.manifest, id: 'm', ...changes },
        encodeContext: (image) => fake.encodeContext(image),
        segment: (...slice) => fake.segment(...slice),
        dispose: () => undefined,
      };
      return { segmenter, fake };
    };
    const clientOf = ({ segmenter }: { segmenter: Segmenter }) =>
      connect({ readManifest: async () => segmenter.manifest, loadModel: async () => segmenter }).client;
    const untrained = clientOf(named({}));
    await expect(
      untrained.call('segment', [{ ...request, area, withoutContext: true }]),
    ).rejects.toMatchObject({ report: { code: 'bad-input', file: 'm' } });
    // The refused run left nothing behind.
    expect(await untrained.call('segment', [{ ...request, area }])).toMatchObject({ slices: 1 });
    const trained = named({ contextDropout: { share: 0.2, colour: [124, 116, 104] } });
    const client = clientOf(trained);
    await client.call('segment', [{ ...request, area, withoutContext: true }]);
    await client.call('segment', [{ ...request, area }]);
    expect(trained.fake.encoded.map(({ data }) => data.slice(0, 4).join())).toEqual([
      '124,116,104,255',
      '0,0,0,0',
    ]);
  });

  it('refuses tissue unlike the training data before its first slice, if asked to', async () => {
    const { client, segmenter } = connect();
    // Twice as far as known tissue.
    Object.assign(segmenter, { distance: () => Promise.resolve(2) });
    const events: SegmentEvent[] = [];
    const onProgress = (event: unknown): number => events.push(event as SegmentEvent);
    await expect(
      client.call('segment', [{ ...request, unlike: 'refuse' }], { onProgress }),
    ).rejects.toMatchObject({
      report: { code: 'unlike-training', problem: expect.stringContaining('2.0 times') as string },
    });
    expect(events.filter(({ kind }) => kind === 'slice' || kind === 'fit')).toEqual([]);
    // Otherwise it is said before the first slice.
    await client.call('segment', [request], { onProgress });
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.indexOf('fit')).toBeGreaterThanOrEqual(0);
    expect(kinds.indexOf('fit')).toBeLessThan(kinds.indexOf('slice'));
  });

  it('starts only the backend that is requested first', async () => {
    const { client, state } = connect();
    expect(await client.call('initialise', ['wasm'])).toMatchObject({ name: 'wasm' });
    await client.call('initialise', [null]);
    await client.call('segment', [{ ...request, area: { x: 0, y: 0, width: 10, height: 10 } }]);
    expect(state.started).toEqual(['wasm']);
  });

  it('tries again after a backend failed to start', async () => {
    let tries = 0;
    const { client } = connect({
      startBackend: async () => {
        if (++tries === 1) throw new ModelError('backend', 'webgpu', 'No adapter.', 'Use wasm.');
        return fakeBackend();
      },
    });
    await expect(client.call('initialise', ['webgpu'])).rejects.toMatchObject({
      report: { code: 'backend', problem: 'No adapter.' },
    });
    expect(await client.call('initialise', ['wasm'])).toMatchObject({ name: 'wasm' });
  });

  it('shares one open slide and manifest between estimate, restore and runs; closes it when the next opens', async () => {
    let manifests = 0;
    const { client, state } = connect({
      readManifest: async () => {
        manifests++;
        return { ...new FakeSegmenter(model).manifest, macs: 3, macsReusedContext: 2 };
      },
    });
    const area = { x: 0, y: 0, width: 10, height: 10 };
    await client.call('estimate', [request, [0, 0.25]]);
    await client.call('restore', [request]);
    await Promise.all([1, 2].map(() => client.call('segment', [{ ...request, area }])));
    expect([state.opened, state.closed, manifests]).toEqual([1, 0, 1]);
    const other = { kind: 'url', url: 'https://a.test/b.svs' } as const;
    await client.call('segment', [{ ...request, slide: other, area }]);
    expect([state.opened, state.closed, manifests]).toEqual([2, 1, 1]);
  });

  it('uses the µm per pixel of the slide, and asks for it if it is missing', async () => {
    const area = { x: 0, y: 0, width: 10, height: 10 };
    const unknown = connect();
    await expect(unknown.client.call('segment', [{ ...request, mpp: null }])).rejects.toMatchObject({
      report: { code: 'no-mpp', file: 'a.svs' },
    });
    const known = connect({}, { x: 0.5, y: 0.5, source: 'aperio.MPP' });
    const events: SegmentEvent[] = [];
    await known.client.call('segment', [{ ...request, mpp: null, area }], {
      onProgress: (event) => events.push(event as SegmentEvent),
    });
    const second = events[1]!;
    expect(second.kind === 'slice' && second.result.rect.width).toBe(200);
  });

  it('stops within one slice of an abort and reports it', async () => {
    const { client, segmenter } = connect();
    const controller = new AbortController();
    const summary = await client.call('segment', [request], {
      signal: controller.signal,
      onAbort: 'wait',
      onProgress: (event) => (event as SegmentEvent).kind === 'slice' && controller.abort(),
    });
    expect(summary.cancelled).toBe(true);
    expect(summary.slices).toBeLessThanOrEqual(3);
    expect(segmenter.live).toBe(0);
    expect(segmenter.disposed).toBe(false);
  });

  it('continues on a new device after a device loss, even if the old one hangs', async () => {
    let lose: (reason: string) => void = () => undefined;
    let starts = 0;
    let loads = 0;
    let calls = 0;
    const hanging = new FakeSegmenter(model, () =>
      ++calls > 20 ? new Promise(() => undefined) : Promise.resolve(),
    );
    const sound = new FakeSegmenter(model);
    const { client } = connect({
      startBackend: async () =>
        fakeBackend({
          name: 'webgpu',
          device: 'Apple M2',
          ...(++starts === 1 ? { lost: new Promise<string>((resolve) => (lose = resolve)) } : {}),
        }),
      loadModel: async () => (++loads === 1 ? hanging : sound),
    });
    const events: SegmentEvent[] = [];
    const running = client.call('segment', [request], {
      onProgress: (event) => events.push(event as SegmentEvent),
    });
    while (calls <= 20) await new Promise((resolve) => setTimeout(resolve, 5));
    lose('driver reset');
    expect(await running).toMatchObject({ slices: 100, cancelled: false });
    expect([starts, loads]).toEqual([2, 2]);
    expect(sound.positions.length).toBe(80);
    const notice = events.find((event) => event.kind === 'notice');
    expect(notice?.kind === 'notice' && notice.error.problem).toBe(
      'The graphics device Apple M2 was lost (driver reset).',
    );
  });

  it('falls back to the next backend when a restart fails', async () => {
    const started: (readonly [string | null, readonly string[]])[] = [];
    const failing = () =>
      new FakeSegmenter(model, async () => {
        throw new Error('shader failed');
      });
    const sound = new FakeSegmenter(model);
    const { client } = connect({
      startBackend: async (wanted, failed) => {
        started.push([wanted, failed]);
        const name = failed.includes('webgpu') ? 'wasm' : 'webgpu';
        return fakeBackend({ name });
      },
      loadModel: async () => (started.at(-1)?.[1].includes('webgpu') === true ? sound : failing()),
    });
    const events: SegmentEvent[] = [];
    const summary = await client.call('segment', [request], {
      onProgress: (event) => events.push(event as SegmentEvent),
    });
    expect(started).toEqual([
      [null, []],
      ['webgpu', []],
      [null, ['webgpu']],
    ]);
    expect(summary).toMatchObject({ slices: 100, broken: 0 });
    expect(events.filter((event) => event.kind === 'backend').map(({ report }) => report.name)).toEqual([
      'webgpu',
      'wasm',
    ]);
  });

  it('discards slices and contexts that the device failed to compute', async () => {
    let calls = 0;
    let starts = 0;
    const { client, segmenter } = connect({
      startBackend: async () => {
        starts++;
        return fakeBackend({
          name: 'webgpu',
          // The first call is the first context; slices of two regions come before the 30th.
          watch: (work) => ({
            result: work(),
            sound:
              [1, 30].includes(++calls) && starts < 3
                ? Promise.reject(new ModelError('backend', 'webgpu', 'Out of memory.', ''))
                : Promise.resolve(),
          }),
        });
      },
    });
    const events: SegmentEvent[] = [];
    const summary = await client.call('segment', [request], {
      onProgress: (event) => events.push(event as SegmentEvent),
    });
    expect(summary).toMatchObject({ slices: 100, broken: 0, recoveries: 2 });
    expect(starts).toBe(3);
    const places = events.flatMap((event) =>
      event.kind === 'slice' ? [`${event.result.column},${event.result.row}`] : [],
    );
    expect(new Set(places).size).toBe(100);
    expect(places.length).toBe(100);
    expect(segmenter.positions.length).toBeGreaterThan(100);
  });

  it('fails with the error of an invalid model', async () => {
    let starts = 0;
    const { client } = connect({
      startBackend: async () => {
        starts++;
        return fakeBackend();
      },
      loadModel: async () =>
        new FakeSegmenter(model, async () => {
          throw new ModelError('bad-input', 'nano', 'Wrong size.', 'Resize it.');
        }),
    });
    await expect(client.call('segment', [request])).rejects.toMatchObject({
      report: { code: 'bad-input', problem: 'Wrong size.' },
    });
    expect(starts).toBe(1);
  });

  it('pauses a run', async () => {
    const { client } = connect();
    let slices = 0;
    const running = client.call('segment', [request], {
      onProgress: (event) => {
        if ((event as SegmentEvent).kind !== 'slice') return;
        slices++;
        if (slices === 5) void client.call('setPaused', [true]);
      },
    });
    while (slices < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    // Slices in work when the message arrives are finished.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const whilePaused = slices;
    expect(whilePaused).toBeLessThan(100);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(slices).toBe(whilePaused);
    await client.call('setPaused', [false]);
    expect(await running).toMatchObject({ slices: 100 });
  });

  it('prioritises the view, set before or during the run', async () => {
    const { client } = connect();
    await client.call('setView', [{ x: 910, y: 910, width: 80, height: 80 }]);
    const places: string[] = [];
    await client.call('segment', [request], {
      onProgress: (progress) => {
        const event = progress as SegmentEvent;
        if (event.kind !== 'slice') return;
        places.push(`${event.result.rect.x},${event.result.rect.y}`);
        if (places.length === 10) void client.call('setView', [{ x: 10, y: 10, width: 80, height: 80 }]);
      },
    });
    expect(places[0]).toBe('900,900');
    expect(places.indexOf('0,0')).toBeGreaterThanOrEqual(10);
    expect(places.indexOf('0,0')).toBeLessThanOrEqual(14);
  });
});

describe('model cache', () => {
  const loader = () => {
    const loaded = new Map<string, FakeSegmenter>();
    const cache = new ModelCache(async (url) => {
      if (url === 'missing') throw new ModelError('not-found', url, 'It is not there.', 'Install it.');
      const segmenter = new FakeSegmenter(model);
      loaded.set(url, segmenter);
      return segmenter;
    });
    return { cache, loaded };
  };

  it('loads a model once and keeps the last two', async () => {
    const { cache, loaded } = loader();
    for (const url of ['a', 'b', 'a', 'c']) (await cache.lease(url)).release();
    await Promise.resolve();
    expect([...loaded].map(([url, { disposed }]) => [url, disposed])).toEqual([
      ['a', false],
      ['b', true],
      ['c', false],
    ]);
  });

  it('does not dispose of a model in use', async () => {
    const { cache, loaded } = loader();
    const inUse = await cache.lease('a');
    for (const url of ['b', 'c', 'd']) (await cache.lease(url)).release();
    await Promise.resolve();
    expect(loaded.get('a')!.disposed).toBe(false);
    expect(loaded.get('b')!.disposed).toBe(true);
    inUse.release();
    inUse.release();
    (await cache.lease('c')).release();
    await Promise.resolve();
    expect(loaded.get('a')!.disposed).toBe(true);
  });

  it('tries again after a failure', async () => {
    const { cache } = loader();
    await expect(cache.lease('missing')).rejects.toMatchObject({ code: 'not-found' });
    await expect(cache.lease('missing')).rejects.toMatchObject({ code: 'not-found' });
  });
});
