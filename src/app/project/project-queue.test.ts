import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { abortReason } from '../../base/abort.ts';
import { WorkerError } from '../../base/error-report.ts';
import { initialSettings } from '../../project/project.ts';
import type { ProjectSlide } from '../../project/project.ts';
import { changeSlide } from '../../project/slide-change.ts';
import { fingerprintOf, slideAt } from '../../project/testing/slides.ts';
import type { SegmentRequest, SegmentSummary } from '../../worker/protocol.ts';
import type { RunOptions, SegmentClient } from '../../worker/segment-client.ts';
import { ClassMapStore } from '../overlay/class-map-store.ts';
import { EngineEvents } from '../session/engine-events.ts';
import { SegmentSession } from '../session/segment-session.ts';
import type { SlideSession } from '../session/slide-session.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import { hiddenSlide } from '../state/slide-changes.ts';
import type { ModelEntry } from '../state/state.ts';
import { createAppStore } from '../state/store.ts';
import { testMetadata, testModel } from '../testing.tsx';
import { FiguresSession } from '../truth/figures-session.ts';
import { ProjectQueue } from './project-queue.ts';
import { openedProject } from './project-state.ts';
import type { ProjectSession } from './project-session.ts';
import { projectSlideKey } from './project-state.ts';

beforeEach(() => {
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('document', { baseURI: 'https://a.test/' });
});
afterEach(() => vi.unstubAllGlobals());

/** A project of three slides, of which the second can't be read; each run has one slice and ends when it is let go. */
function start() {
  const letters = ['a', 'b', 'c'];
  const slides = letters.map((letter) => slideAt(`${letter}.svs`, { bytes: 1 }));
  const store = createAppStore(initialState(parsePreferences('{"askMisfit":false}')));
  const set = (next: readonly ProjectSlide[]): void =>
    store.dispatch({ type: 'project-change', id: 'p', change: { slides: next } });
  store.dispatch({
    type: 'project',
    project: openedProject({
      id: 'p',
      title: 'P',
      slides,
      access: 'open',
      found: new Set(slides.map(({ id }) => id)),
    }),
  });
  const now = (): readonly ProjectSlide[] => store.getState().project?.slides ?? [];
  let settings = initialSettings;
  const project = {
    get settings() {
      return settings;
    },
    setModels: (models) => {
      settings = { ...settings, models };
      return Promise.resolve();
    },
    change: (...changes) => {
      for (const [id, change] of changes)
        set(now().map((each) => (each.id === id ? changeSlide(each, change) : each)));
    },
    slide: (id) => now().find((each) => each.id === id) ?? null,
    choiceOf: (projectId, { id, name }) => ({
      key: projectSlideKey(projectId, id),
      title: name,
      input: { kind: 'url', url: name },
    }),
  } satisfies Partial<ProjectSession> as unknown as ProjectSession;
  const closed: number[] = [];
  const openClient = {
    open: ({ url }: { url: string }) => {
      const at = letters.findIndex((letter) => url.startsWith(letter));
      if (at === 1) {
        const report = {
          code: 'truncated',
          file: url,
          problem: 'The file is cut off.',
          remedy: 'Copy it again.',
        };
        return Promise.reject(new WorkerError(report));
      }
      const metadata = testMetadata({ name: url, fingerprint: fingerprintOf(letters[at] ?? 'x') });
      return Promise.resolve({ slideId: 10 + at, metadata });
    },
    close: (id: number) => {
      closed.push(id);
      return Promise.resolve();
    },
  };
  /** What runs now, by the slide's address. */
  const running = new Map<string, () => void>();
  const told: string[] = [];
  const segment = async ({ slide }: SegmentRequest, { signal, onEvent }: RunOptions = {}) => {
    const name = slide.kind === 'url' ? slide.url : '';
    told.push(name);
    const result = {
      column: 0,
      row: 0,
      rect: { x: 0, y: 0, width: 1000, height: 1000 },
      size: 4,
      classes: new Uint8Array(16).fill(1),
      confidence: new Uint8Array(16).fill(204),
    };
    onEvent?.({ kind: 'slice', result, done: 1, total: 1, rate: 1, etaSeconds: 0 });
    await new Promise<void>((resolve) => {
      running.set(name, resolve);
      signal?.addEventListener('abort', () => resolve());
    });
    running.delete(name);
    if (signal?.aborted === true && name === 'cut off') throw abortReason(signal);
    return { slices: 1, broken: 0, cancelled: signal?.aborted === true } as SegmentSummary as never;
  };
  const setPaused = vi.fn(() => Promise.resolve());
  const client = {
    segment,
    setPaused,
    setView: () => Promise.resolve(),
    tissue: () => Promise.resolve(null),
  } satisfies Partial<SegmentClient> as unknown as SegmentClient;
  const classMaps = new ClassMapStore();
  const segmentation = new SegmentSession(store, client, new EngineEvents(store, classMaps), () => null);
  const model: ModelEntry = testModel('alpha');
  store.dispatch({ type: 'models', models: [model] });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'alpha' } });
  const queue = new ProjectQueue({
    store,
    slides: { client: openClient } as unknown as SlideSession,
    segmentation,
    project,
    classMaps,
    figures: new FiguresSession(),
    client,
  });
  const until = (name: string): Promise<void> => vi.waitFor(() => expect(running.has(name)).toBe(true));
  const finish = async (name: string): Promise<void> => {
    await until(name);
    running.get(name)?.();
  };
  return { store, queue, segmentation, now, finish, until, told, closed, model, setPaused, classMaps };
}

it('segments one slide after the other without showing them, names what fails, and goes on', async () => {
  const { queue, now, finish, closed, store, classMaps } = start();
  const done = queue.segmentAll();
  await finish('a.svs');
  expect(store.getState().run?.background).toBe('a.svs');
  await finish('c.svs');
  await done;
  const [a, b, c] = now();
  expect(a).toMatchObject({ queued: false, fingerprint: fingerprintOf('a'), mpp: 0.5 });
  // A slice of 1000 × 1000 pixels at 0.5 µm, all of it the second class.
  expect(a?.results.alpha).toMatchObject({ segmentedMm2: 0.25, confidence: 0.8, broken: 0 });
  expect(a?.results.alpha?.classes[1]).toMatchObject({ name: 'benign', mm2: 0.25, shareOfTissue: 1 });
  expect(b).toMatchObject({ queued: false, results: {}, failure: { problem: 'The file is cut off.' } });
  expect(c?.results.alpha?.segmentedMm2).toBe(0.25);
  expect(closed).toEqual([10, 12]);
  expect(store.getState()).toMatchObject({
    slide: null,
    run: null,
    lastRun: null,
    project: { queue: 'idle' },
  });
  // Kept on disk, so not in memory as well.
  expect(classMaps.of(fingerprintOf('a'), { x: 0.5, y: 0.5 }, 'alpha').size).toBe(0);
});

it('lets what the reader segments go first, and then goes on with the same slide', async () => {
  const { queue, segmentation, finish, until, told, now, model } = start();
  const done = queue.segmentAll();
  await until('a.svs');
  const metadata = testMetadata({ name: 'mine', fingerprint: fingerprintOf('f') });
  const choice = { key: 'mine', title: 'mine', input: { kind: 'url', url: 'mine' } } as const;
  const mine = segmentation.runAll(hiddenSlide({ slideId: 1, choice, metadata, userMpp: null }), [model], {
    extent: 'whole',
    request: { area: null, keep: true },
  });
  await finish('mine');
  expect(await mine).toMatchObject({ yielded: false, models: [{ error: null }] });
  await finish('a.svs');
  await finish('c.svs');
  await done;
  expect(told).toEqual(['a.svs', 'mine', 'a.svs', 'c.svs']);
  expect(now().map(({ results }) => Object.keys(results).length)).toEqual([1, 0, 1]);
});

it('pauses, resumes, and forgets the rest when it is cancelled', async () => {
  const { queue, until, now, setPaused, store, segmentation, told } = start();
  const done = queue.segmentAll();
  await until('a.svs');
  queue.pause();
  expect(setPaused).toHaveBeenLastCalledWith(true);
  expect(store.getState()).toMatchObject({ run: { phase: 'paused' }, project: { queue: 'paused' } });
  void queue.resume();
  expect(setPaused).toHaveBeenLastCalledWith(false);
  // As Esc does.
  segmentation.cancel();
  await done;
  expect(now().map(({ queued }) => queued)).toEqual([false, false, false]);
  expect(now().map(({ results }) => Object.keys(results).length)).toEqual([0, 0, 0]);
  expect([told, store.getState().log[0]?.problem]).toEqual([
    ['a.svs'],
    'Queue cancelled: 3 slides not segmented.',
  ]);
});
