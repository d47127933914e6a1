/** What the user has just removed, and can have back with one click or key. */
import { annotateOf } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';

/** For how long something can be had back by the toast, milliseconds. */
export const undoMs = 10_000;

interface Removal {
  readonly text: string;
  /** Has the removed things back. */
  readonly undo: () => void;
  /** What was changed by the removal: once it changes again, or the annotations do, there is nothing to take back. */
  readonly changed: (state: AppState) => unknown;
}

/** Keeps the last removal for a while. One at a time: a new one replaces it. */
export class UndoOffers {
  readonly #store: AppStore;
  #undo: (() => void) | null = null;
  #end: (() => void) | null = null;
  #offered = 0;

  constructor(store: AppStore) {
    this.#store = store;
  }

  /** Call after the removal. */
  offer({ text, undo, changed }: Removal): void {
    this.dismiss();
    const now = (state: AppState): readonly unknown[] => [
      state.slide?.slideId,
      changed(state),
      annotateOf(state).annotations,
    ];
    const removed = now(this.#store.getState());
    const timer = setTimeout(() => this.dismiss(), undoMs);
    const stop = this.#store.subscribe(
      (state) => now(state).every((value, i) => value === removed[i]),
      (holds) => {
        // `subscribe` must return before its listener can be removed.
        if (!holds) queueMicrotask(() => this.dismiss());
      },
    );
    this.#undo = undo;
    this.#end = () => {
      clearTimeout(timer);
      stop();
    };
    this.#store.dispatch({ type: 'undo-offer', offer: { id: ++this.#offered, text } });
  }

  /** Has back what the toast offers. */
  perform(): void {
    const undo = this.#undo;
    this.dismiss();
    undo?.();
  }

  dismiss(): void {
    this.#end?.();
    this.#end = null;
    this.#undo = null;
    if (this.#store.getState().undoOffer !== null) this.#store.dispatch({ type: 'undo-offer', offer: null });
  }
}
