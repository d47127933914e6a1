/** Segmenting by key or button while models and the first view of the slide are still loading. */
import { beforeEach, expect, it, vi } from 'vitest';
import type { Level0Rect } from '../../slide/slide.ts';
import type { SegmentClient } from '../../worker/segment-client.ts';
import { WorkerError } from '../../base/error-report.ts';
import { isEnabled } from '../commands/command.ts';
import { commandById } from '../commands/registry.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import type { ModelEntry, OpenSlide } from '../state/state.ts';
import { createAppStore, type AppStore } from '../state/store.ts';
import type { EngineEvents } from './engine-events.ts';
import { SegmentSession } from './segment-session.ts';

const area: Level0Rect = { x: 10, y: 20, width: 30, height: 40 };
const model = { id: 'a', url: 'models/a/', manifest: { provenance: {}, slice: {} } } as unknown as ModelEntry;

let store: AppStore;
let shown: Level0Rect | null;
const segment = vi.fn<SegmentClient['segment']>();

const openSlide = (slideId: number): void =>
  store.dispatch({
    type: 'slide-opened',
    slideId,
    choice: { key: 's', title: 's', input: { kind: 'url', url: 's' } },
    metadata: {
      fingerprint: 's',
      name: 's.svs',
      properties: {},
      mpp: { x: 1, y: 1, source: 'file' },
    } as OpenSlide['metadata'],
    userMpp: null,
  });

const loadModels = (): void => {
  store.dispatch({ type: 'models', models: [model] });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'a' } });
};

function newSession(): SegmentSession {
  const client = { segment, setView: vi.fn(), setPaused: vi.fn() } as unknown as SegmentClient;
  const events = { listener: () => () => undefined } as unknown as EngineEvents;
  return new SegmentSession(store, client, events, () => shown);
}

beforeEach(() => {
  vi.stubGlobal('window', globalThis);
  store = createAppStore(initialState(parsePreferences(null)));
  shown = null;
  segment.mockReset().mockReturnValue(new Promise(() => undefined));
});

it('the run starts once the models are there and the slide is on the screen, with what it shows then', async () => {
  openSlide(1);
  expect(isEnabled(commandById('segment.visible'), store.getState())).toBe(true);
  void newSession().segment('visible');
  loadModels();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(segment).not.toHaveBeenCalled();
  shown = area;
  await vi.waitFor(() => expect(segment).toHaveBeenCalledOnce());
  expect(segment.mock.calls[0]?.[0]).toMatchObject({ area, modelUrl: 'models/a/' });
});

it('two presses while the models load are one run', async () => {
  openSlide(1);
  const session = newSession();
  void session.segment('whole');
  void session.segment('whole');
  loadModels();
  await vi.waitFor(() => expect(segment).toHaveBeenCalledOnce());
});

it('a pane opened during a run brings its model into the run on the same press', async () => {
  openSlide(1);
  shown = area;
  const session = newSession();
  const named = (id: string): ModelEntry => ({
    ...model,
    id,
    url: `models/${id}/`,
    manifest: { ...model.manifest, classes: [] },
  });
  store.dispatch({ type: 'models', models: [named('a'), named('b')] });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'a' } });
  void session.segment('visible');
  await vi.waitFor(() => expect(segment).toHaveBeenCalledOnce());
  const button = commandById('segment.visible');
  expect(isEnabled(button, store.getState())).toBe(false);
  store.dispatch({ type: 'layout', count: 2 });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'b' }, paneId: 'B' });
  expect(isEnabled(button, store.getState())).toBe(true);
  expect(isEnabled(commandById('segment.whole'), store.getState())).toBe(false);
  await session.segment('visible');
  expect(segment.mock.calls.map(([{ modelUrl }]) => modelUrl)).toEqual(['models/a/', 'models/b/']);
  expect(isEnabled(button, store.getState())).toBe(false);
});

it('another slide opened meanwhile is not segmented', async () => {
  openSlide(1);
  const started = newSession().segment('visible');
  openSlide(2);
  shown = area;
  loadModels();
  await started;
  expect(segment).not.toHaveBeenCalled();
});

it('a model that is not for the slide computes nothing until it is used anyway, which then runs what was asked', async () => {
  const manifest = {
    title: 'Colon',
    specimen: { organ: 'colon', stain: 'H&E' },
    provenance: { synthetic: false },
    slice: { fieldUm: 467, sizePx: 384 },
  };
  const colon = { ...model, manifest } as unknown as ModelEntry;
  openSlide(1);
  store.dispatch({ type: 'specimens', specimens: { s: { organ: 'skin', stain: null } } });
  store.dispatch({ type: 'models', models: [colon] });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'a' } });
  const session = newSession();
  await session.segment('whole');
  expect(segment).not.toHaveBeenCalled();
  expect(store.getState().notice).toMatchObject({
    problem: 'Nothing was segmented. Skin slide; model trained on colon only.',
    commandId: 'model.override',
  });
  session.useAnyway(colon);
  await vi.waitFor(() => expect(segment).toHaveBeenCalledOnce());
  expect(segment.mock.calls[0]?.[0]).toMatchObject({ unlike: 'use' });
  expect(store.getState().notice).toBeNull();
});

it('tissue that a run finds unlike the training data is refused, and used anyway on the same press', async () => {
  openSlide(1);
  const text = 'This tissue does not look like it.';
  segment.mockRejectedValueOnce(
    new WorkerError({ code: 'unlike-training', file: 's.svs', problem: text, remedy: '' }),
  );
  const known = {
    title: 'A',
    provenance: { synthetic: false },
    slice: { fieldUm: 467, sizePx: 384 },
  } as unknown as ModelEntry['manifest'];
  store.dispatch({ type: 'models', models: [{ ...model, manifest: known }] });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'a' } });
  const session = newSession();
  await session.segment('whole');
  expect(segment.mock.calls[0]?.[0]).toMatchObject({ unlike: 'refuse' });
  expect(store.getState()).toMatchObject({
    run: null,
    notice: { problem: `Nothing was segmented. ${text}` },
  });
  // Asked again, it says so without reading the slide again.
  await session.segment('whole');
  expect(segment).toHaveBeenCalledOnce();
  session.useAnyway({ ...model, manifest: known });
  await vi.waitFor(() => expect(segment).toHaveBeenCalledTimes(2));
  expect(segment.mock.calls[1]?.[0]).toMatchObject({ unlike: 'use', area: null });
});

it('without any model there is nothing to start', async () => {
  openSlide(1);
  const started = newSession().segment('whole');
  store.dispatch({ type: 'models', models: [] });
  await started;
  expect(segment).not.toHaveBeenCalled();
  expect(isEnabled(commandById('segment.visible'), store.getState())).toBe(false);
});
