import { expect, it, vi } from 'vitest';
import type { SegmentClient } from '../../worker/segment-client.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import { createAppStore } from '../state/store.ts';
import type { ModelEntry, OpenSlide } from '../state/state.ts';
import type { EngineEvents } from './engine-events.ts';
import type { SegmentSession } from './segment-session.ts';
import { StoredResults } from './stored-results.ts';

const model = (id: string): ModelEntry => ({ id, url: `${id}/`, manifest: {} }) as unknown as ModelEntry;
const mpp = (x: number) => ({ x, y: x, source: 'user' });

/** Watches a store with two models; `asked` lists the model and the µm per pixel of each request. */
function start(fileMpp: number | null) {
  const store = createAppStore(initialState(parsePreferences(null)));
  const asked: string[] = [];
  const restore: SegmentClient['restore'] = (request) => {
    asked.push(`${request.modelUrl} ${request.mpp?.x ?? 'of the file'}`);
    return Promise.resolve({ slices: 3, interrupted: null } as never);
  };
  const events = { listener: () => () => undefined, warn: vi.fn() } as unknown as EngineEvents;
  new StoredResults(store, { restore } as unknown as SegmentClient, events, {} as SegmentSession).watch();
  store.dispatch({ type: 'models', models: [model('a'), model('b')] });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'a' } });
  store.dispatch({
    type: 'slide-opened',
    slideId: 1,
    choice: { key: 's', title: 's', input: { kind: 'url', url: 's' } },
    metadata: {
      fingerprint: 's',
      name: 's',
      mpp: fileMpp === null ? null : mpp(fileMpp),
    } as OpenSlide['metadata'],
    userMpp: null,
  });
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
  return { store, asked, settled };
}

it('restores again when the µm per pixel changes, once for each value', async () => {
  const { store, asked, settled } = start(0.25);
  await settled();
  store.dispatch({ type: 'user-mpp', mpp: { x: 0.5, y: 0.5, source: 'user' } });
  await settled();
  expect(asked).toEqual(['a/ of the file', 'a/ 0.5']);
  store.dispatch({ type: 'undo-mpp' });
  await settled();
  // These slices are in memory already.
  expect(asked).toHaveLength(2);
});

it('waits for the µm per pixel of a slide that does not state it', async () => {
  const { store, asked, settled } = start(null);
  await settled();
  expect(asked).toEqual([]);
  store.dispatch({ type: 'user-mpp', mpp: { x: 0.5, y: 0.5, source: 'user' } });
  await settled();
  expect(asked).toEqual(['a/ 0.5']);
});

it('restores for a model that comes into view, and not for other changes', async () => {
  const { store, asked, settled } = start(0.25);
  await settled();
  store.dispatch({ type: 'measure', measure: { points: [], closed: false } });
  store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: 'b' } });
  await settled();
  expect(asked).toEqual(['a/ of the file', 'b/ of the file']);
});

it('reports restored slices only if they still belong to the open slide and its resolution', async () => {
  const { store, settled } = start(0.25);
  store.dispatch({ type: 'user-mpp', mpp: { x: 0.5, y: 0.5, source: 'user' } });
  await settled();
  expect(store.getState().log.map(({ problem }) => problem)).toEqual(['Restored 3 slices.']);
});
