import { expect, it } from 'vitest';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import { layerText } from '../state/state.ts';
import type { LayerChoice, ModelEntry, OpenSlide } from '../state/state.ts';
import { createAppStore } from '../state/store.ts';
import { watchDefaultModel } from './model-list.ts';

const model = (id: string, synthetic: boolean): ModelEntry =>
  ({
    id,
    url: '',
    manifest: { metrics: { miou: 0.5 }, provenance: { synthetic }, classes: [] },
  }) as unknown as ModelEntry;

const models = [model('nano', true), model('colon', false)];

function start() {
  const store = createAppStore(initialState(parsePreferences(null)));
  store.dispatch({ type: 'models', models });
  store.dispatch({
    type: 'demos',
    demos: [{ file: 'phantom.tif', title: '', description: '', synthetic: true, licence: '' }],
  });
  watchDefaultModel(store);
  let slideId = 0;
  const open = (file: string): string => {
    const url = `slides/${file}`;
    const choice: OpenSlide['choice'] = { key: `url:${url}`, title: file, input: { kind: 'url', url } };
    const metadata = { fingerprint: file, properties: {} } as unknown as OpenSlide['metadata'];
    store.dispatch({ type: 'slide-opened', slideId: ++slideId, choice, metadata, userMpp: null });
    return layerText(store.getState().panes[0]!.layer);
  };
  const choose = (layer: LayerChoice): void => store.dispatch({ type: 'choose-layer', layer });
  return { open, choose };
}

it('follows the slide until a layer is chosen, and then no more', () => {
  const { open, choose } = start();
  expect(open('phantom.tif')).toBe('model:nano');
  expect(open('tissue.svs')).toBe('model:colon');
  // The very model that is there already counts as chosen.
  choose({ kind: 'model', id: 'colon' });
  expect(open('phantom.tif')).toBe('model:colon');
});

it('leaves tissue alone where that was chosen', () => {
  const { open, choose } = start();
  open('phantom.tif');
  choose({ kind: 'none' });
  expect(open('tissue.svs')).toBe('none');
});

it('fills panes that were laid out before the models were known', () => {
  const store = createAppStore(initialState(parsePreferences(null)));
  watchDefaultModel(store);
  const choice: OpenSlide['choice'] = { key: 'a', title: 'a', input: { kind: 'url', url: 'a' } };
  const metadata = { fingerprint: 'a', properties: {} } as unknown as OpenSlide['metadata'];
  store.dispatch({ type: 'slide-opened', slideId: 1, choice, metadata, userMpp: null });
  store.dispatch({ type: 'layout', count: 2 });
  const layers = (): string[] => store.getState().panes.map(({ layer }) => layerText(layer));
  expect(layers()).toEqual(['none', 'none']);
  store.dispatch({ type: 'models', models });
  expect(layers()).toEqual(['model:colon', 'model:nano']);
});
