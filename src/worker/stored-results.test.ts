/** Finished slices outlive the page: the service with a storage in memory, and faults in it. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ModelManifest } from '../runtime/manifest.ts';
import { fakeBackend, FakeSegmenter } from '../segment/fake-segmenter.ts';
import type { Slide, SlideMetadata } from '../slide/slide.ts';
import type { SegmentEvent, SegmentRequest, SegmentWorkerApi } from './protocol.ts';
import type { ResultFolder } from './result-folder.ts';
import { RpcClient, serveRpc, type CallContext, type Handlers } from '../base/rpc.ts';
import { createSegmentService } from './segment-service.ts';
import { createStorageService, type StoragePlatform } from './storage-service.ts';
import type { StorageWorkerApi } from './storage-protocol.ts';

const model = {
  id: 'fake',
  slice: { fieldUm: 100, sizePx: 8 },
  context: { kind: 'region', fieldUm: 500, sizePx: 8 },
  graph: { sha256: 'aa', weightsSha256: 'bb' },
  macs: 3,
  macsReusedContext: 2,
  classes: [
    { name: 'normal', colour: '#999999', background: true },
    { name: 'tumour', colour: '#009E73', background: false },
  ],
} as unknown as ModelManifest;

const metadata = {
  name: 'a.svs',
  fingerprint: 'f00d',
  revision: 'f00d',
  width: 800,
  height: 800,
  mpp: { x: 1, y: 1, source: 'test' },
  levels: [{ width: 800, height: 800, downsample: 1, tileWidth: 200, tileHeight: 200 }],
} as unknown as SlideMetadata;

/** Stained left of x = 480, glass right of it. */
function pixels(x0: number, step: number, size: number) {
  const data = new Uint8ClampedArray(4 * size * size).fill(244);
  for (let i = 0; i < size * size; i++) {
    if (x0 + ((i % size) + 0.5) * step < 480) data.set([180, 60, 160, 255], 4 * i);
  }
  return { width: size, height: size, data };
}

class MemoryFolder implements ResultFolder {
  readonly kind = 'files';
  readonly slices = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();
  readonly texts = new Map<string, string>();
  /** Slices that still fit. */
  room = Infinity;
  open(key: string) {
    const slices = this.slices.get(key) ?? new Map<string, Uint8Array<ArrayBuffer>>();
    this.slices.set(key, slices);
    return Promise.resolve({
      places: [...slices.keys()].map((place) => place.split(',').map(Number) as [number, number]),
      damaged: 0,
      nextOrder: 0,
      get: (column: number, row: number) => Promise.resolve(slices.get(`${column},${row}`) ?? null),
      put: (column: number, row: number, bytes: Uint8Array<ArrayBuffer>) => {
        if (this.room-- <= 0) return Promise.reject(new DOMException('full', 'QuotaExceededError'));
        slices.set(`${column},${row}`, bytes);
        return Promise.resolve();
      },
      close: () => undefined,
    });
  }
  writeNote(key: string, text: string): Promise<void> {
    this.texts.set(key, text);
    return Promise.resolve();
  }
  notes(): Promise<Map<string, string>> {
    return Promise.resolve(new Map(this.texts));
  }
  remove(when: (key: string) => boolean): Promise<void> {
    for (const key of [...this.slices.keys()]) {
      if (!when(key)) continue;
      this.slices.delete(key);
      this.texts.delete(key);
    }
    return Promise.resolve();
  }
  bytes(): Promise<number> {
    return Promise.resolve(0);
  }
}

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function channel(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  port1.start();
  port2.start();
  return [port1, port2];
}

function platformOn(folder: ResultFolder): StoragePlatform {
  return {
    openFolder: () => Promise.resolve(folder),
    hold: () => Promise.resolve(),
    held: () => Promise.resolve(new Set()),
  };
}

function storageOn(folder: ResultFolder): StorageWorkerApi {
  const [server, client] = channel();
  serveRpc<StorageWorkerApi>(server, createStorageService(platformOn(folder)));
  const rpc = new RpcClient<StorageWorkerApi>(client);
  return {
    open: (...args) => rpc.call('open', args),
    get: (...args) => rpc.call('get', args),
    put: (...args) => rpc.call('put', args),
    close: (...args) => rpc.call('close', args),
    setRun: (...args) => rpc.call('setRun', args),
    runs: () => rpc.call('runs', []),
    use: () => rpc.call('use', []),
    deleteAll: () => rpc.call('deleteAll', []),
    putAside: (...args) => rpc.call('putAside', args),
    getAside: (...args) => rpc.call('getAside', args),
    sweep: () => rpc.call('sweep', []),
  };
}

/** A page: its own service and network, on what earlier pages have kept. */
function visit(storage: StorageWorkerApi | undefined, compute?: () => Promise<void>) {
  const segmenter = new FakeSegmenter(model, compute);
  Object.assign(segmenter.manifest, model);
  const [server, port] = channel();
  const service = createSegmentService({
    startBackend: () => Promise.resolve(fakeBackend()),
    numTensors: () => 0,
    readManifest: () => Promise.resolve(segmenter.manifest),
    loadModel: () => Promise.resolve(segmenter),
    openSlide: () => Promise.resolve({ metadata, close: () => undefined } as unknown as Slide),
    reader: () => ({ read: (rect, size) => Promise.resolve(pixels(rect.x, rect.width / size, size)) }),
    ...(storage === undefined ? {} : { storage }),
  });
  serveRpc<SegmentWorkerApi>(server, service);
  return { client: new RpcClient<SegmentWorkerApi>(port), segmenter };
}

const request: SegmentRequest = {
  slide: { kind: 'url', url: 'https://a.test/a.svs' },
  modelUrl: 'https://a.test/models/fake/',
  area: null,
  mpp: null,
  overlap: 0.25,
  keep: true,
};

function collect(): { readonly events: SegmentEvent[]; readonly onProgress: (event: unknown) => void } {
  const events: SegmentEvent[] = [];
  return { events, onProgress: (event) => events.push(event as SegmentEvent) };
}

describe('stored results', () => {
  it('are restored by the next session, which computes only the rest', async () => {
    const folder = new MemoryFolder();
    const first = visit(storageOn(folder));
    let done = 0;
    // The page goes away in the middle: its run never ends.
    void first.client.call('segment', [request], {
      onProgress: (event) => {
        const each = event as SegmentEvent;
        if (each.kind !== 'slice' && each.kind !== 'progress') return;
        done = each.done;
        if (done === 40) void first.client.call('setPaused', [true]);
      },
    });
    while (done < 40) await new Promise((resolve) => setTimeout(resolve, 2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const computed = first.segmenter.positions.length;
    expect(computed).toBeLessThan(60);

    const second = visit(storageOn(folder));
    const shown = collect();
    const restored = await second.client.call('restore', [{ ...request, keep: false }], shown);
    expect(restored.slices).toBe(computed);
    expect(restored.interrupted).toMatchObject({ slideName: 'a.svs', overlap: 0.25, state: 'running' });
    expect(shown.events.length).toBe(computed);
    expect(second.segmenter.positions.length).toBe(0);

    const summary = await second.client.call('segment', [request]);
    expect(summary).toMatchObject({ restored: computed, broken: 0 });
    expect(second.segmenter.positions.length).toBe(summary.slices - computed);

    const third = visit(storageOn(folder));
    expect(await third.client.call('restore', [request])).toMatchObject({ interrupted: null });
    expect(await third.client.call('segment', [request])).toMatchObject({ restored: summary.slices });
    expect(third.segmenter.positions.length).toBe(0);
    // Another grid has nothing in common with it.
    expect(await third.client.call('segment', [{ ...request, overlap: 0 }])).toMatchObject({ restored: 0 });
  });

  it('of both passes are kept apart: with the context, and without it', async () => {
    const { client, segmenter } = visit(storageOn(new MemoryFolder()));
    Object.assign(segmenter.manifest, { contextDropout: { share: 0.2, colour: [124, 116, 104] } });
    const area = { x: 0, y: 0, width: 300, height: 300 };
    const usual = await client.call('segment', [{ ...request, area }]);
    const without = { ...request, withoutContext: true };
    expect(await client.call('restore', [without])).toMatchObject({ slices: 0 });
    expect(await client.call('segment', [without])).toMatchObject({ restored: 0 });
    const all = (await client.call('restore', [without])).slices;
    expect(all).toBeGreaterThan(usual.slices);
    expect(await client.call('restore', [request])).toMatchObject({ slices: usual.slices });
  });

  it('report a full disk once and finish the run', async () => {
    const folder = new MemoryFolder();
    folder.room = 10;
    const { client } = visit(storageOn(folder));
    const { events, onProgress } = collect();
    const summary = await client.call('segment', [request], { onProgress });
    expect(summary.cancelled).toBe(false);
    expect(summary.slices).toBeGreaterThan(60);
    const notices = events.filter((event) => event.kind === 'notice');
    expect(notices.map(({ error }) => error.code)).toEqual(['storage-full']);
  });

  it('report missing storage and continue the run', async () => {
    const folder = new MemoryFolder();
    folder.open = () => Promise.reject(new DOMException('locked', 'NoModificationAllowedError'));
    const { client } = visit(storageOn(folder));
    const { events, onProgress } = collect();
    expect((await client.call('segment', [request], { onProgress })).slices).toBeGreaterThan(60);
    const notices = events.filter((event) => event.kind === 'notice');
    expect(notices.map(({ error }) => error.code)).toEqual(['storage-busy']);
  });

  it('are found by their µm per pixel, even after many later runs', async () => {
    const folder = new MemoryFolder();
    const { client } = visit(storageOn(folder));
    const asIf = (mpp: number) => ({ ...request, mpp: { x: mpp, y: mpp, source: 'user' } });
    const first = await client.call('segment', [asIf(1)]);
    const second = await client.call('segment', [asIf(0.5)]);
    expect(second).toMatchObject({ restored: 0 });
    expect(second.slices).toBeLessThan(first.slices);
    expect(await client.call('restore', [asIf(1)])).toMatchObject({ slices: first.slices });
    expect(await client.call('restore', [asIf(0.5)])).toMatchObject({ slices: second.slices });
    expect(await client.call('restore', [asIf(0.7)])).toEqual({ slices: 0, interrupted: null });
  });

  it('of a µm per pixel that the user has withdrawn stay hidden', async () => {
    const { client } = visit(storageOn(new MemoryFolder()));
    // The slide states 1 µm.
    const own = await client.call('segment', [{ ...request, mpp: null }]);
    await client.call('segment', [{ ...request, mpp: { x: 0.5, y: 0.5, source: 'user' } }]);
    expect(await client.call('restore', [{ ...request, mpp: null }])).toMatchObject({ slices: own.slices });
  });

  it('know every unfinished run, however many others of the same grid have ended since', async () => {
    const folder = new MemoryFolder();
    const area = (x: number) => ({ x, y: 0, width: 200, height: 800 });
    const interrupted = visit(storageOn(folder));
    let done = 0;
    void interrupted.client.call('segment', [{ ...request, area: area(300) }], {
      onProgress: (event) => {
        const each = event as SegmentEvent;
        if (each.kind !== 'slice' && each.kind !== 'progress') return;
        done = each.done;
        if (done === 3) void interrupted.client.call('setPaused', [true]);
      },
    });
    while (done < 3) await new Promise((resolve) => setTimeout(resolve, 2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Another visit finishes an area of more slices, with the same key.
    await visit(storageOn(folder)).client.call('segment', [{ ...request, area: { ...area(0), width: 200 } }]);
    const third = visit(storageOn(folder));
    const { interrupted: found } = await third.client.call('restore', [request]);
    expect(found).toMatchObject({ state: 'running', area: area(300) });
    await third.client.call('segment', [{ ...request, area: area(300) }]);
    expect(await third.client.call('restore', [request])).toMatchObject({ interrupted: null });
  });

  it('are restored although old ones are in use by another tab', async () => {
    const folder = new MemoryFolder();
    const { client } = visit(storageOn(folder));
    const { slices } = await client.call('segment', [request]);
    folder.texts.set('cd'.repeat(32), JSON.stringify({ version: 1 }));
    folder.remove = () => Promise.reject(new DOMException('locked', 'NoModificationAllowedError'));
    expect(await client.call('restore', [request])).toMatchObject({ slices });
  });

  it.each([
    { version: 1, fingerprint: 'f00d', modelHash: 'aa/bb' },
    [{ version: 2, fingerprint: 'f00d', modelHash: 'aa/bb' }],
  ])('of an earlier version are deleted with one message and never misread (%j)', async (note) => {
    const folder = new MemoryFolder();
    const key = 'ab'.repeat(32);
    folder.texts.set(key, JSON.stringify(note));
    folder.slices.set(key, new Map([['0,0', new Uint8Array(50)]]));
    const { client } = visit(storageOn(folder));
    const { events, onProgress } = collect();
    expect(await client.call('restore', [request], { onProgress })).toEqual({ slices: 0, interrupted: null });
    expect(events).toMatchObject([{ kind: 'notice', error: { code: 'storage-version' } }]);
    expect([folder.slices.size, folder.texts.size]).toEqual([0, 0]);
    await client.call('restore', [request], { onProgress });
    expect(events.length).toBe(1);
  });

  it('are computed again if damaged', async () => {
    const folder = new MemoryFolder();
    const { slices } = await visit(storageOn(folder)).client.call('segment', [request]);
    const [records] = folder.slices.values();
    const place = [...records!.keys()][7]!;
    records!.get(place)![42]! ^= 1;
    const { client, segmenter } = visit(storageOn(folder));
    const shown = collect();
    expect(await client.call('restore', [request], shown)).toMatchObject({ slices: slices - 1 });
    const run = collect();
    expect(await client.call('segment', [request], run)).toMatchObject({
      slices,
      restored: slices - 1,
      broken: 0,
    });
    expect(segmenter.positions.length).toBe(1);
    for (const { events } of [shown, run]) {
      const notices = events.filter((event) => event.kind === 'notice');
      expect(notices.map(({ error }) => error.code)).toEqual(['storage-damaged']);
    }
  });

  it('can be deleted', async () => {
    const folder = new MemoryFolder();
    const { client } = visit(storageOn(folder));
    await client.call('segment', [request]);
    expect(await client.call('storageUse', [])).toMatchObject({ runs: 1 });
    await client.call('deleteStored', []);
    expect(await client.call('restore', [request])).toEqual({ slices: 0, interrupted: null });
    expect(folder.slices.size).toBe(0);
  });
});

describe('background', () => {
  it('is skipped and counted, shown as a mask, and segmented on request', async () => {
    const { client, segmenter } = visit(undefined);
    const { events, onProgress } = collect();
    const plain = { ...request, keep: false, overlap: 0 };
    const summary = await client.call('segment', [{ ...plain, glass: 'skip' }], { onProgress });
    expect(summary).toMatchObject({ slices: 40, skipped: 24 });
    expect(events[0]).toMatchObject({ kind: 'planned', slices: 40, skipped: 24 });
    const mask = await client.call('tissue', [plain]);
    expect(mask!.tissue.reduce((sum, value) => sum + value, 0) / mask!.tissue.length).toBeCloseTo(
      480 / 800,
      1,
    );
    segmenter.positions.length = 0;
    expect(await client.call('segment', [{ ...plain, glass: 'include' }])).toMatchObject({
      slices: 64,
      skipped: 0,
    });
    const triangle = [
      [10, 10],
      [785, 10],
      [10, 785],
    ] as const;
    const within = await client.call('segment', [{ ...plain, polygon: triangle, glass: 'skip' }]);
    // 36 cells meet the triangle, six of them on glass: columns 5 to 7, rows 0 to 2, 1 and 0.
    expect(within).toMatchObject({ slices: 30, skipped: 6 });
  });

  it('is part of the cost of each overlap', async () => {
    const { client } = visit(undefined);
    const estimate = await client.call('estimate', [{ ...request, glass: 'skip' }, [0, 0.25]]);
    expect(estimate.skipped).toBe(24);
    // 40 slices and 4 contexts; 11 × 11 cells of 75 µm, of which 7 columns hold tissue, 6 × 6 a context.
    expect(estimate.qualities[0]).toEqual({ overlap: 0, slices: 40, price: 1 });
    expect(estimate.qualities[1]).toMatchObject({ overlap: 0.25, slices: 77 });
    expect(estimate.qualities[1]!.price).toBeCloseTo((77 * 2 + 4) / (40 * 2 + 2), 5);
  });
});

describe('spilled slices', () => {
  it('are read back unchanged; only those of closed pages are deleted', async () => {
    const folder = new MemoryFolder();
    const held = new Set<string>();
    const worker = (): Handlers<StorageWorkerApi> =>
      createStorageService({
        ...platformOn(folder),
        hold: (key) => Promise.resolve(void held.add(key)),
        held: () => Promise.resolve(held),
      });
    const call: CallContext = {
      signal: new AbortController().signal,
      progress: () => undefined,
      transfer: (object) => object,
    };
    const maps = (value: number) => ({
      size: 2,
      classes: new Uint8Array([0, 1, value, 3]),
      confidence: new Uint8Array([9, 8, 7, value]),
    });
    const one = worker();
    const two = worker();
    await one.putAside(call, '11-aa', 1, maps(5));
    await two.putAside(call, '22-bb', 1, maps(6));
    expect(await one.getAside(call, '11-aa', 1)).toEqual(maps(5));
    expect(await one.getAside(call, '11-aa', 2)).toBeNull();
    const [first, second] = [...held];
    held.delete(second!);
    await one.sweep(call);
    expect([...folder.slices.keys()]).toEqual([first]);
    expect(await one.getAside(call, '11-aa', 1)).toEqual(maps(5));
    // Another worker of the page, after the first one crashed.
    expect(await worker().getAside(call, '11-aa', 1)).toEqual(maps(5));
  });
});
