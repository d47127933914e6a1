/** The layers of votes of the open slide: created when shown, and kept up to date. */
import { LiveClassMap } from '../overlay/class-map-store.ts';
import type { LayerContent } from '../session/layer-content.ts';
import type { AppStore } from '../state/store.ts';
import { votersOf } from './voters.ts';
import { voteClasses } from './votes.ts';
import { VotesLayer } from './votes-layer.ts';

/** Milliseconds per frame for counting. */
const frameBudget = 6;

export class VotesSession {
  readonly #store: AppStore;
  readonly #resolveModel: (modelId: string) => LayerContent | null;
  readonly #listeners = new Set<() => void>();
  /** By the model that they are named after. */
  readonly #layers = new Map<string, { readonly layer: VotesLayer; readonly end: () => void }>();
  readonly #empty: LayerContent = {
    title: 'Agreement of models',
    classes: voteClasses(0),
    map: new LiveClassMap(),
    certain: true,
  };
  #slideId: number | null = null;
  #frame = 0;

  constructor(store: AppStore, resolveModel: (modelId: string) => LayerContent | null) {
    this.#store = store;
    this.#resolveModel = resolveModel;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The models with results on the open slide that vote in the layer of `like`. */
  votersOf(like: string): LayerContent[] {
    const state = this.#store.getState();
    const contents = votersOf(state, like).flatMap(({ id }) => this.#resolveModel(id) ?? []);
    return contents.filter(({ map }) => map.size > 0);
  }

  /** The votes of the models with results on the open slide that have the classes of `like`. */
  of(like: string): LayerContent | null {
    const state = this.#store.getState();
    if (state.slide === null) return null;
    if (state.slide.slideId !== this.#slideId) this.#clear(state.slide.slideId);
    const voters = this.votersOf(like);
    if (voters.length < 2) return this.#empty;
    const known = this.#layers.get(like);
    const same =
      known?.layer.voters.length === voters.length &&
      known.layer.voters.every(({ map }, at) => map === voters[at]?.map);
    if (known !== undefined && same) return known.layer.content;
    known?.end();
    const layer = new VotesLayer(voters, state.slide.metadata);
    const ends = voters.map(({ map }) => map.subscribe(this.#schedule));
    this.#layers.set(like, { layer, end: () => ends.forEach((end) => end()) });
    this.#schedule();
    return layer.content;
  }

  #clear(slideId: number): void {
    for (const { end } of this.#layers.values()) end();
    this.#layers.clear();
    this.#slideId = slideId;
  }

  readonly #schedule = (): void => {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      let complete = true;
      for (const { layer } of this.#layers.values()) if (!layer.update(frameBudget)) complete = false;
      if (!complete) this.#schedule();
    });
  };
}
