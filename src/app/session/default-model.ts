/** The model that a pane starts with follows the slide until the reader chooses one. */
import type { Action } from '../state/reducer.ts';
import type { AppState } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import { demoChoice } from './demo-slides.ts';
import { chooseModel, type SlideTissue } from './model-list.ts';

/** A demo slide says what it is; the reader's own slides are real. */
function tissueOf({ slide, demos }: AppState): SlideTissue {
  if (slide.kind !== 'open') return 'unknown';
  const demo = demos.find((each) => demoChoice(each).key === slide.choice.key);
  return demo?.synthetic === true ? 'synthetic' : 'real';
}

/** Puts the default model in place whenever a slide opens in the only pane, until a layer is chosen by hand or by address. */
export function watchDefaultModel(store: Store<AppState, Action>): void {
  let lastSlide: number | null = null;
  const update = (): void => {
    const state = store.getState();
    const { slide, models, panes } = state;
    if (slide.kind !== 'open' || slide.slideId === lastSlide || models === null) return;
    lastSlide = slide.slideId;
    const chosen = chooseModel(models, null, tissueOf(state));
    if (chosen === null || panes.length !== 1 || state.layerChosen) return;
    store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: chosen.id }, byDefault: true });
  };
  store.subscribe(update);
  update();
}
