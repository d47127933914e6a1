import { describe, expect, it } from 'vitest';
import { parsePreferences } from './preferences.ts';
import { initialState, reduce } from './reducer.ts';
import type { Action } from './reducer.ts';
import { activePaneOf, layerText, parseLayer, shownModels } from './state.ts';
import type { AppState, ModelEntry } from './state.ts';

function after(...actions: Action[]): AppState {
  return actions.reduce(reduce, initialState(parsePreferences(null)));
}

describe('the overlay', () => {
  it('remembers taste in the preferences, but not what is hidden', () => {
    const state = after(
      { type: 'overlay', change: { fillOpacity: 0.6, palette: 'bach', visible: false } },
      { type: 'toggle-class', value: 2 },
    );
    expect(activePaneOf(state).overlay).toMatchObject({
      fillOpacity: 0.6,
      visible: false,
      hiddenClasses: [2],
    });
    expect(state.preferences.overlay).toMatchObject({ fillOpacity: 0.6, palette: 'bach' });
    expect(state.preferences.overlay).not.toHaveProperty('hiddenClasses');
  });

  it('shows every class again for another model', () => {
    const state = after(
      { type: 'toggle-class', value: 2 },
      { type: 'choose-layer', layer: { kind: 'model', id: 'other' } },
    );
    expect(activePaneOf(state).overlay.hiddenClasses).toEqual([]);
  });
});

describe('the log', () => {
  const entry = { time: 1, subject: 'a.svs', problem: 'Broken.', remedy: 'Mend it.', commandId: null };

  it('shows errors in the status bar until dismissed, and keeps them', () => {
    const state = after({ type: 'log', entry: { ...entry, level: 'error' } });
    expect(state.notice?.problem).toBe('Broken.');
    const dismissed = reduce(state, { type: 'dismiss-notice' });
    expect(dismissed.notice).toBeNull();
    expect(dismissed.log).toHaveLength(1);
  });

  it('keeps information out of the status bar', () => {
    expect(after({ type: 'log', entry: { ...entry, level: 'info' } }).notice).toBeNull();
  });

  it('no longer shows that a model is refused once it is used all the same', () => {
    const refused: Action = { type: 'log', entry: { ...entry, level: 'error', commandId: 'model.override' } };
    const other: Action = { type: 'log', entry: { ...entry, level: 'error' } };
    const override: Action = { type: 'override-check', modelId: 'any' };
    expect(after(refused, override).notice).toBeNull();
    expect(after(refused, other, override).notice?.problem).toBe('Broken.');
  });

  it('has an end', () => {
    const many = Array.from({ length: 300 }, (): Action => ({
      type: 'log',
      entry: { ...entry, level: 'info' },
    }));
    const { log } = after(...many);
    expect(log).toHaveLength(200);
    expect(new Set(log.map(({ id }) => id)).size).toBe(200);
  });
});

describe('opened slides', () => {
  const choice = (key: string) => ({ key, title: key, input: { kind: 'url', url: key } as const });

  it('offers several at once and does not double them', () => {
    const state = after(
      { type: 'offer-slides', choices: [choice('a'), choice('b')] },
      { type: 'offer-slides', choices: [choice('b'), choice('c')] },
    );
    expect(state.opened.map(({ key }) => key)).toEqual(['b', 'c', 'a']);
  });
});

describe('panes', () => {
  // Only ids and the classes' names matter here.
  const model = (id: string, ...names: string[]): ModelEntry =>
    ({ id, url: '', manifest: { classes: names.map((name) => ({ name })) } }) as unknown as ModelEntry;
  const models = [model('one', 'a', 'b'), model('two', 'a', 'b')];
  const two: Action[] = [
    { type: 'models', models },
    { type: 'choose-layer', layer: { kind: 'model', id: 'two' } },
    { type: 'overlay', change: { fillOpacity: 0.7 } },
    { type: 'toggle-class', value: 1 },
    { type: 'layout', count: 2 },
  ];

  it('gives a new pane a model that is not shown yet, drawn alike, with every class', () => {
    const { panes } = after(...two);
    expect(panes.map(({ id, layer }) => [id, layerText(layer)])).toEqual([
      ['A', 'model:two'],
      ['B', 'model:one'],
    ]);
    expect(panes[1]?.overlay).toMatchObject({ fillOpacity: 0.7, hiddenClasses: [] });
  });

  it('prefers models with the same classes', () => {
    const others = [model('colon', 'x'), model('nano', 'a', 'b')];
    const change: Action = { type: 'models', models: [...others, ...models] };
    const { panes } = after(change, ...two.slice(1), { type: 'layout', count: 4 });
    expect(panes.map(({ layer }) => layerText(layer))).toEqual([
      'model:two',
      'model:nano',
      'model:one',
      'model:colon',
    ]);
  });

  it('shows tissue alone where there are no more models', () => {
    const { panes } = after(...two, { type: 'layout', count: 4 });
    expect(panes.map(({ layer }) => layerText(layer))).toEqual(['model:two', 'model:one', 'none', 'none']);
  });

  it('changes the active pane alone', () => {
    const state = after(
      ...two,
      { type: 'activate-pane', paneId: 'B' },
      { type: 'overlay', change: { fill: false } },
    );
    expect(state.panes.map(({ overlay }) => overlay.fill)).toEqual([true, false]);
    expect(shownModels(state).map(({ id }) => id)).toEqual(['one', 'two']);
  });

  it('runs both passes for what the context changed, and only the usual one where there is no other', () => {
    const dual = { ...model('dual', 'a'), manifest: { classes: [], context: {}, contextDropout: {} } };
    const changed: Action = {
      type: 'models',
      models: [
        dual as unknown as ModelEntry,
        { ...model('old'), manifest: { classes: [], context: {} } as never },
      ],
    };
    const layerOf = (id: string): Action => ({ type: 'choose-layer', layer: { kind: 'context', id } });
    const passes = (id: string): (true | undefined)[] =>
      shownModels(after(changed, layerOf(id))).map(({ withoutContext }) => withoutContext);
    expect(passes('dual')).toEqual([undefined, true]);
    expect(passes('old')).toEqual([undefined]);
    const { layer } = activePaneOf(after(changed, layerOf('dual')));
    expect(parseLayer(layerText(layer))).toEqual(layer);
  });

  it('makes two panes of the two layers of swipe, and one pane again of two', () => {
    const swipe: Action = { type: 'compare', change: { view: 'swipe', second: { kind: 'truth' } } };
    const state = after(...two, { type: 'layout', count: 1 }, swipe);
    expect(shownModels(state).map(({ id }) => id)).toEqual(['two']);
    const panes = reduce(state, { type: 'layout', count: 2 });
    expect(panes.panes.map(({ layer }) => layerText(layer))).toEqual(['model:two', 'truth']);
    expect(panes.compare.view).toBe('panes');
    // One pane and one layer, where there were one pane and two layers.
    expect(reduce(state, { type: 'layout', count: 1 }).compare.view).toBe('panes');
  });

  it('draws a class as the reader wants in the active pane, and remembers it by name', () => {
    const state = after(...two, { type: 'class-style', name: 'In situ', change: { colour: '#123456' } });
    expect(state.panes.map(({ overlay }) => overlay.classStyles.insitu?.colour)).toEqual([
      '#123456',
      undefined,
    ]);
    expect(state.preferences.overlay.classStyles.insitu).toEqual({
      colour: '#123456',
      fill: true,
      outline: true,
      hatch: true,
    });
  });

  it('goes back to pane A when the active one closes', () => {
    const state = after(...two, { type: 'activate-pane', paneId: 'B' }, { type: 'layout', count: 1 });
    expect(state.activePane).toBe('A');
  });
});
