/** Runs, backend and models when the segmentation worker crashes or hangs. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type {
  SegmentEvent,
  SegmentRequest,
  SegmentSummary,
  SegmentWorkerApi,
} from '../../worker/protocol.ts';
import { createSegmentClient, type SegmentClient } from '../../worker/segment-client.ts';
import { fakeWorker, type FakeWorker } from '../../worker/testing/fake-worker.ts';
import { commandById } from '../commands/registry.ts';
import { isEnabled } from '../commands/command.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import type { ModelEntry, OpenSlide } from '../state/state.ts';
import { createAppStore, type AppStore } from '../state/store.ts';
import type { EngineEvents } from './engine-events.ts';
import { EngineSession } from './engine-session.ts';
import { SegmentSession, type RunPlan } from './segment-session.ts';

const ends: (() => void)[] = [];
beforeEach(() => {
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('document', { baseURI: 'https://a.test/' });
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  vi.unstubAllGlobals();
});

type Fate = 'crashes' | 'hangs';

interface Started {
  readonly store: AppStore;
  readonly client: SegmentClient;
  readonly engine: EngineSession;
  readonly session: SegmentSession;
  readonly workers: FakeWorker<SegmentWorkerApi>[];
  /** What workers were told: their number, the method. */
  readonly told: string[];
  readonly run: (plan?: Partial<RunPlan['request']>) => Promise<unknown>;
}

/**
 * A page with a slide of 10 slices and two models. Computed slices are kept, as in storage.
 * @param fate what happens to a worker after it has computed a number of slices.
 */
function start(fate: (worker: number, computed: number) => Fate | null, deadlineMs = 80): Started {
  const kept = new Set<string>();
  const workers: FakeWorker<SegmentWorkerApi>[] = [];
  const told: string[] = [];
  const startWorker = (): FakeWorker<SegmentWorkerApi> => {
    const number = workers.length + 1;
    const note = (what: string): void => void told.push(`${number} ${what}`);
    const worker: FakeWorker<SegmentWorkerApi> = fakeWorker<SegmentWorkerApi>({
      initialise: (_call, wanted) => {
        note(`initialise ${wanted}`);
        return { name: 'wasm', device: '', reason: '' };
      },
      manifest: () => ({ macs: 1 }) as never,
      addModelFiles: (_call, url) => note(`addModelFiles ${url}`),
      checkModel: () => ({}) as never,
      segment: async (call, { modelUrl, keep }: SegmentRequest) => {
        note(`segment ${modelUrl}`);
        let done = 0;
        let restored = 0;
        for (let slice = 0; slice < 10; slice++) {
          if (kept.has(`${modelUrl} ${slice}`)) restored++;
          else {
            const next = fate(number, done - restored);
            if (next === 'hangs') worker.hang();
            if (next === 'crashes') worker.crash('The segmentation worker stopped: boom.');
            if (next !== null) return new Promise<never>(() => undefined);
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (keep === true) kept.add(`${modelUrl} ${slice}`);
          }
          call.progress({
            kind: 'progress',
            done: ++done,
            total: 10,
            rate: 1,
            etaSeconds: 1,
          } satisfies SegmentEvent);
          if (call.signal.aborted) break;
        }
        return { slices: done, restored, cancelled: call.signal.aborted } as SegmentSummary as never;
      },
      setView: () => undefined,
      setPaused: (_call, paused) => note(`setPaused ${paused}`),
      tissue: () => null,
      estimate: () => ({ skipped: 0, qualities: [] }),
      restore: () => ({ slices: 0, interrupted: null }),
      storageUse: () => ({ kind: 'files', runs: 0, slides: 0, bytes: 0 }),
      deleteStored: () => undefined,
    });
    workers.push(worker);
    return worker;
  };
  const client = createSegmentClient({ start: startWorker, deadlineMs });
  ends.push(() => client.terminate());
  const store = createAppStore(initialState(parsePreferences(null)));
  const events = { listener: () => () => undefined, warn: vi.fn() } as unknown as EngineEvents;
  const engine = new EngineSession(store, client);
  const session = new SegmentSession(store, client, events, () => null);
  const models = ['a', 'b'].map(
    (id) => ({ id, url: `models/${id}/`, manifest: {} }) as unknown as ModelEntry,
  );
  store.dispatch({ type: 'models', models });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'a' } });
  const metadata = {
    fingerprint: 's',
    name: 's.svs',
    mpp: { x: 1, y: 1, source: 'file' },
  } as OpenSlide['metadata'];
  store.dispatch({
    type: 'slide-opened',
    slideId: 1,
    choice: { key: 's', title: 's', input: { kind: 'url', url: 's' } },
    metadata,
    userMpp: null,
  });
  const run = (request: Partial<RunPlan['request']> = {}): Promise<unknown> =>
    session.runAll(store.getState().slide!, models, {
      extent: 'whole',
      request: { area: null, keep: true, ...request },
    });
  return { store, client, engine, session, workers, told, run };
}

const problems = (store: AppStore): string[] =>
  store.getState().log.map(({ level, problem, remedy }) => `${level}: ${problem} ${remedy}`);
const canResume = (store: AppStore): boolean => isEnabled(commandById('segment.resume'), store.getState());

for (const fate of ['crashes', 'hangs'] as const) {
  it(`a worker that ${fate} in a run: the run goes on in another with what is saved, which is said once`, async () => {
    const { store, run, workers, engine } = start((worker, computed) =>
      worker === 1 && computed === 4 ? fate : null,
    );
    await engine.startBackend('wasm');
    await run();
    const { lastRun } = store.getState();
    expect(lastRun?.models.map(({ slices }) => slices)).toEqual([10, 10]);
    expect(lastRun?.restored).toBeGreaterThanOrEqual(7);
    expect(workers).toHaveLength(2);
    expect(workers[0]?.hasEnded).toBe(true);
    expect(problems(store)).toEqual([
      fate === 'crashes'
        ? 'warning: The segmentation worker stopped: boom. It goes on with the saved slices.'
        : 'warning: Segmentation was stopped: there was no answer for 0 seconds. It goes on with the saved slices.',
    ]);
    expect(canResume(store)).toBe(false);
    expect(store.getState().backend.kind).toBe('ready');
  });
}

it('a worker that crashes before any slice is done: the run ends, and one command resumes it', async () => {
  const { store, run, session, workers } = start((worker) => (worker === 1 ? 'crashes' : null));
  await run();
  expect(store.getState().run).toBeNull();
  expect(problems(store)).toEqual(['error: The segmentation worker stopped: boom. Finished slices stay.']);
  expect(store.getState().notice?.commandId).toBe('segment.resume');
  expect(canResume(store)).toBe(true);
  await session.resume();
  expect(workers).toHaveLength(2);
  expect(store.getState().lastRun?.models.map(({ slices }) => slices)).toEqual([10, 10]);
  expect(store.getState().notice).toBeNull();
  expect(canResume(store)).toBe(false);
});

it('a run that crashes at the same place every time ends, saved or not', async () => {
  for (const keep of [true, false]) {
    const { store, run, workers } = start((_worker, computed) =>
      computed === (keep ? 0 : 3) ? 'crashes' : null,
    );
    await run({ keep });
    expect(store.getState().run).toBeNull();
    // Two models may be a slice further than at the first loss.
    expect(workers.length).toBeLessThanOrEqual(4);
    expect(problems(store)[0]).toContain('Finished slices stay.');
    expect(canResume(store)).toBe(true);
  }
});

it('a run that was cancelled before its worker hung ends without a word, and is not resumed', async () => {
  const { store, run, session } = start((_worker, computed) => (computed === 2 ? 'hangs' : null));
  const running = run();
  await vi.waitFor(() => expect(store.getState().run?.phase).toBe('preparing'));
  session.cancel();
  await running;
  expect(store.getState().run).toBeNull();
  expect(canResume(store)).toBe(false);
});

it('another slide is not segmented by the resume of a former one', async () => {
  const { store, run, session, told } = start(() => 'crashes');
  await run();
  const { slide } = store.getState();
  store.dispatch({
    type: 'slide-opened',
    slideId: 2,
    choice: slide!.choice,
    metadata: slide!.metadata,
    userMpp: null,
  });
  expect(canResume(store)).toBe(false);
  const before = told.length;
  await session.resume();
  expect(told).toHaveLength(before);
});

it('a new worker knows the models from disk, the pause and the backend', async () => {
  const { client, engine, workers, told, store } = start(() => null);
  await engine.startBackend('wasm');
  await client.addModelFiles('./own/', []);
  await client.setPaused(true);
  workers[0]?.crash('The segmentation worker stopped: boom.');
  await vi.waitFor(() => expect(store.getState().backend.kind).toBe('ready'));
  expect(told.filter((line) => line.startsWith('2'))).toEqual([
    '2 addModelFiles https://a.test/own/',
    '2 setPaused true',
    '2 initialise wasm',
  ]);
  expect(problems(store)).toEqual([
    'warning: The segmentation worker stopped: boom. It was started again, and nothing finished is lost.',
  ]);
});

it('a worker that ends while its backend starts is not started over and over', async () => {
  const { engine, workers, store } = start(() => null);
  const starting = engine.startBackend(null);
  workers[0]?.crash('The segmentation worker stopped: boom.');
  await starting;
  expect(store.getState().backend.kind).toBe('failed');
  expect(workers).toHaveLength(1);
  await engine.startBackend(null);
  expect(store.getState().backend.kind).toBe('ready');
});

it('a backend that computes on the worker’s thread gets the time that a slice of its network takes', async () => {
  const { client, workers } = start(() => 'hangs', 40);
  // Two seconds at the slowest rate of wasm.
  const worker = workers[0]!;
  vi.spyOn(worker.rpc, 'call').mockImplementation(((method: string) =>
    method === 'manifest'
      ? Promise.resolve({ macs: 1e8 })
      : method === 'initialise'
        ? Promise.resolve({ name: 'wasm' })
        : new Promise(() => undefined)) as never);
  vi.spyOn(worker.rpc, 'isBusy', 'get').mockReturnValue(true);
  await client.initialise(null);
  await client.manifest('./a/');
  const settled = vi.fn();
  worker.hang();
  client
    .segment({ slide: { kind: 'url', url: 's' }, modelUrl: './a/', area: null, mpp: null })
    .catch(settled);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(worker.hasEnded).toBe(false);
  await vi.waitFor(() => expect(worker.hasEnded).toBe(true), 10_000);
});
