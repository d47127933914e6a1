import { afterEach, expect, it, vi } from 'vitest';
import type { SegmentClient } from '../../worker/segment-client.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import { activePaneOf } from '../state/state.ts';
import { createAppStore } from '../state/store.ts';
import { EngineSession } from './engine-session.ts';

afterEach(() => vi.unstubAllGlobals());

it('warns of an unknown model in the URL, and shows the default', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(['alpha'])));
  const manifest = { metrics: null, provenance: { synthetic: false }, classes: [] };
  const client = {
    manifest: () => Promise.resolve(manifest),
    onLost: () => undefined,
  } as unknown as SegmentClient;
  const store = createAppStore(initialState(parsePreferences(null)));
  await new EngineSession(store, client).loadModels('foo');
  const { log } = store.getState();
  expect(log.map(({ level, problem, remedy }) => [level, problem, remedy])).toEqual([
    ['warning', 'Unknown model "foo" in the URL; default used.', ''],
  ]);
  expect(activePaneOf(store.getState()).layer).toEqual({ kind: 'model', id: 'alpha' });
});
