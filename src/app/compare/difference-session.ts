/** The difference on screen: created when shown, kept up to date, and stepped through spot by spot. */
import { shallow } from 'zustand/shallow';
import { currentMpp, layerText } from '../state/state.ts';
import type { LayerChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import type { LayerContent, TruthLayer } from '../session/layer-content.ts';
import { DifferenceLayer } from './difference-layer.ts';
import type { Disagreement } from './disagreements.ts';

/** Milliseconds per frame for comparing. */
const frameBudget = 8;
/** Shortest time between two updates of the list, in milliseconds. */
const listInterval = 400;

export interface DifferenceState {
  readonly layer: DifferenceLayer;
  /** Largest first; grows as slices are compared. */
  readonly disagreements: readonly Disagreement[];
  /** Index of the one last shown; −1 for none. */
  readonly current: number;
}

export class DifferenceSession {
  readonly #store: AppStore;
  readonly #resolveLayer: (layer: LayerChoice) => LayerContent | null;
  readonly #goTo: (spot: Disagreement) => void;
  readonly #listeners = new Set<() => void>();
  #state: DifferenceState | null = null;
  #key = '';
  #endMaps: (() => void)[] = [];
  #frame = 0;
  #timer: number | undefined;

  /** @param goTo moves the view to a disagreement. */
  constructor(
    store: AppStore,
    truth: TruthLayer,
    resolveLayer: (layer: LayerChoice) => LayerContent | null,
    goTo: (spot: Disagreement) => void,
  ) {
    this.#store = store;
    this.#resolveLayer = resolveLayer;
    this.#goTo = goTo;
    store.subscribe(
      ({ compare, panes, slide, models }) => [compare, panes, slide?.slideId, currentMpp(slide), models],
      this.#follow,
      { equalityFn: shallow },
    );
    truth.subscribe(this.#follow);
  }

  /** null while no difference is shown. */
  get = (): DifferenceState | null => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Moves to a disagreement by its index in the list. */
  show(index: number): void {
    const spot = this.#state?.disagreements[index];
    if (this.#state === null || spot === undefined) return;
    this.#set({ ...this.#state, current: index });
    this.#goTo(spot);
  }

  /** Moves to the next (1) or previous (−1) disagreement; wraps around at the ends. */
  step(by: 1 | -1): void {
    if (this.#state === null) return;
    const { current, disagreements } = this.#state;
    const from = current < 0 && by < 0 ? 0 : current;
    this.show((from + by + disagreements.length) % Math.max(1, disagreements.length));
  }

  /** Starts over when other layers are shown. */
  readonly #follow = (): void => {
    const { compare, panes, slide } = this.#store.getState();
    const [pane] = panes;
    const shown = compare.view === 'difference' && slide !== null && pane !== undefined;
    // Numbers of votes are no classes: nothing of them agrees with anything.
    const classesOf = (layer: LayerChoice): LayerContent | null =>
      layer.kind === 'votes' ? null : this.#resolveLayer(layer);
    const first = shown ? classesOf(pane.layer) : null;
    const second = shown ? classesOf(compare.second) : null;
    if (!shown || first === null || second === null) {
      this.#key = '';
      this.#clear();
      return;
    }
    const key = `${slide.slideId}/${layerText(pane.layer)}/${layerText(compare.second)}`;
    const { layer } = this.#state ?? {};
    if (key === this.#key && layer?.first.map === first.map && layer.second.map === second.map) return;
    this.#clear();
    this.#key = key;
    this.#endMaps = [first.map, second.map].map((map) => map.subscribe(this.#schedule));
    this.#set({
      layer: new DifferenceLayer(first, second, slide.metadata),
      disagreements: [],
      current: -1,
    });
    this.#schedule();
  };

  #clear(): void {
    for (const end of this.#endMaps) end();
    this.#endMaps = [];
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    window.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#state !== null) this.#set(null);
  }

  readonly #schedule = (): void => {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#state === null) return;
      if (!this.#state.layer.update(frameBudget)) this.#schedule();
      this.#timer ??= window.setTimeout(this.#list, listInterval);
    });
  };

  readonly #list = (): void => {
    this.#timer = undefined;
    if (this.#state === null) return;
    const disagreements = this.#state.layer.disagreements();
    // Keeps the current mark when others are inserted before it.
    const spot = this.#state.disagreements[this.#state.current];
    const current =
      spot === undefined ? -1 : disagreements.findIndex(({ x, y }) => x === spot.x && y === spot.y);
    this.#set({ ...this.#state, disagreements, current });
  };

  #set(state: DifferenceState | null): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
