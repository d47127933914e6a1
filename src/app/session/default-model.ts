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

/**
 * Puts the default model in place whenever a slide opens, as long as the only pane shows the last default: what was chosen
 * by hand, or by the page's address, stays.
 */
export function watchDefaultModel(store: Store<AppState, Action>): void {
  let lastSlide: number | null = null;
  let lastDefault: string | null = null;
  const update = (): void => {
    const state = store.getState();
    const { slide, models, panes } = state;
    if (slide.kind !== 'open' || slide.slideId === lastSlide || models === null || models.length === 0)
      return;
    const chosen = chooseModel(models, null, tissueOf(state));
    const [pane] = panes;
    const shown = pane?.layer.kind === 'model' ? pane.layer.id : null;
    const unknown = chooseModel(models, null, 'unknown')?.id ?? null;
    lastSlide = slide.slideId;
    if (chosen === null || panes.length !== 1 || shown === null) return;
    if (shown !== (lastDefault ?? unknown) || shown === chosen.id) {
      if (shown === chosen.id) lastDefault = shown;
      return;
    }
    lastDefault = chosen.id;
    store.dispatch({ type: 'choose-layer', layer: { kind: 'model', id: chosen.id } });
  };
  store.subscribe(update);
  update();
}
