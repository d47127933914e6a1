/** The model that a pane starts with follows the slide until the reader chooses one. */
import { unshownLayer } from '../state/panes.ts';
import type { AppState, Layer } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { demoOf } from './demo-slides.ts';
import { chooseModel, type SlideTissue } from './model-list.ts';

/** A demo slide says what it is; the reader's own slides are real. */
function tissueOf(state: AppState): SlideTissue {
  if (state.slide === null) return 'unknown';
  return demoOf(state)?.synthetic === true ? 'synthetic' : 'real';
}

/**
 * Puts the default model in place whenever a slide opens, until a layer is chosen by hand or by address: in the only pane, or, of several
 * panes laid out before the list of models was there, in the first, and other models in the others.
 */
export function watchDefaultModel(store: AppStore): void {
  store.subscribe(
    ({ slide, models }) => (models === null ? null : (slide?.slideId ?? null)),
    (slideId) => {
      if (slideId !== null) chooseDefault(store);
    },
    { fireImmediately: true },
  );
}

function chooseDefault(store: AppStore): void {
  const state = store.getState();
  const { models, panes } = state;
  const chosen = chooseModel(models ?? [], null, tissueOf(state));
  if (chosen === null || state.layerChosen) return;
  if (panes.length > 1 && panes.some(({ layer }) => layer.kind !== 'none')) return;
  panes.forEach(({ id: paneId }, i) => {
    const now = store.getState();
    const layer: Layer = i === 0 ? { kind: 'model', id: chosen.id } : unshownLayer(now, now.panes);
    store.dispatch({ type: 'choose-layer', layer, paneId, byDefault: true });
  });
}
