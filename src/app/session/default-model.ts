/** The model that a pane starts with follows the slide until the reader chooses one. */
import type { Action } from '../state/reducer.ts';
import { unshownLayer } from '../state/panes.ts';
import type { AppState, Layer } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import { demoChoice } from './demo-slides.ts';
import { chooseModel, type SlideTissue } from './model-list.ts';

/** A demo slide says what it is; the reader's own slides are real. */
function tissueOf({ slide, demos }: AppState): SlideTissue {
  if (slide.kind !== 'open') return 'unknown';
  const demo = demos.find((each) => demoChoice(each).key === slide.choice.key);
  return demo?.synthetic === true ? 'synthetic' : 'real';
}

/**
 * Puts the default model in place whenever a slide opens, until a layer is chosen by hand or by address: in the only pane, or, of several
 * panes laid out before the list of models was there, in the first, and other models in the others.
 */
export function watchDefaultModel(store: Store<AppState, Action>): void {
  let lastSlide: number | null = null;
  const update = (): void => {
    const state = store.getState();
    const { slide, models, panes } = state;
    if (slide.kind !== 'open' || slide.slideId === lastSlide || models === null) return;
    lastSlide = slide.slideId;
    const chosen = chooseModel(models, null, tissueOf(state));
    if (chosen === null || state.layerChosen) return;
    if (panes.length > 1 && panes.some(({ layer }) => layer.kind !== 'none')) return;
    panes.forEach(({ id: paneId }, i) => {
      const now = store.getState();
      const layer: Layer = i === 0 ? { kind: 'model', id: chosen.id } : unshownLayer(now, now.panes);
      store.dispatch({ type: 'choose-layer', layer, paneId, byDefault: true });
    });
  };
  store.subscribe(update);
  update();
}
