/** How many slices a run of the active model over the whole slide has: asked of the engine while anyone wants to know. */
import type { SegmentEstimate } from '../../worker/protocol.ts';
import { activeModel, currentMpp } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';

/** What the estimate depends on; null while there is nothing to estimate. */
function questionOf(state: AppState): string | null {
  const { slide, preferences, backend } = state;
  const mpp = currentMpp(slide);
  const model = activeModel(state);
  // Until it is ready, the engine's thread is busy starting.
  if (slide === null || mpp === null || model === null || backend.kind !== 'ready') return null;
  return [slide.slideId, mpp.x, model.id, preferences.skipGlass].join('/');
}

export class RunEstimates {
  readonly #store: AppStore;
  readonly #ask: (signal: AbortSignal) => Promise<SegmentEstimate | null>;
  #known: { readonly question: string; readonly estimate: SegmentEstimate | null } | null = null;
  #asking: { readonly question: string; readonly controller: AbortController } | null = null;
  #stop: (() => void) | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(store: AppStore, ask: (signal: AbortSignal) => Promise<SegmentEstimate | null>) {
    this.#store = store;
    this.#ask = ask;
  }

  /** null until it is known; never that of another slide or model. */
  readonly get = (): SegmentEstimate | null =>
    this.#known?.question === questionOf(this.#store.getState()) ? this.#known.estimate : null;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#stop ??= this.#store.subscribe(questionOf, () => this.#update(), { fireImmediately: true });
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = null;
      this.#asking?.controller.abort();
      this.#asking = null;
    };
  };

  #update(): void {
    const question = questionOf(this.#store.getState());
    this.#tell();
    if (question === this.#asking?.question) return;
    this.#asking?.controller.abort();
    this.#asking = null;
    if (question === null || question === this.#known?.question) return;
    const controller = new AbortController();
    this.#asking = { question, controller };
    void this.#ask(controller.signal).then(
      (estimate) => {
        if (controller.signal.aborted) return;
        this.#asking = null;
        this.#known = { question, estimate };
        this.#tell();
      },
      (error: unknown) => {
        if (!controller.signal.aborted) throw error;
      },
    );
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
