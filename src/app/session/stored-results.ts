/** Results saved in earlier visits: restores them, continues interrupted runs, measures and deletes them. */
import { shallow } from 'zustand/shallow';
import type { SegmentClient } from '../../worker/segment-client.ts';
import type { StorageUse } from '../../worker/storage-protocol.ts';
import { passId } from '../context/context-pass.ts';
import { formatCount } from '../format.ts';
import { currentMpp, shownModels } from '../state/state.ts';
import type { AppState, ModelEntry, OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import type { EngineEvents } from './engine-events.ts';
import { logEntry, reportOf } from './error-log.ts';
import type { SegmentSession } from './segment-session.ts';

export class StoredResults {
  readonly #store: AppStore;
  readonly #client: SegmentClient;
  readonly #events: EngineEvents;
  readonly #runs: SegmentSession;
  /** Results already requested, see `restoreKey`. */
  readonly #asked = new Set<string>();

  constructor(store: AppStore, client: SegmentClient, events: EngineEvents, runs: SegmentSession) {
    this.#store = store;
    this.#client = client;
    this.#events = events;
    this.#runs = runs;
  }

  /** Restores now, and whenever a slide opens, its µm per pixel changes or a pane shows another model. */
  watch(): void {
    this.#store.subscribe(wantedKeys, () => void this.restore(), {
      equalityFn: shallow,
      fireImmediately: true,
    });
  }

  /**
   * Shows saved results of the open slide for the models in the panes. Continues a run that was interrupted when the
   * page closed.
   */
  async restore(): Promise<void> {
    const state = this.#store.getState();
    const { slide } = state;
    if (slide === null) return;
    const wanted = wantedKeys(state);
    for (const model of shownModels(state)) {
      const key = restoreKey(slide, model);
      if (!wanted.includes(key) || this.#asked.has(key)) continue;
      this.#asked.add(key);
      try {
        const { slices, interrupted } = await this.#client.restore(
          {
            slide: slide.choice.input,
            modelUrl: model.url,
            area: null,
            mpp: slide.userMpp,
            force: model.overridden === true,
            withoutContext: model.withoutContext === true,
          },
          // Must not change the progress of a run in progress.
          { onEvent: this.#events.listener(slide, model, false) },
        );
        if (slices === 0 || !wantedKeys(this.#store.getState()).includes(key)) continue;
        const restored = `Restored ${formatCount(slices)} ${slices === 1 ? 'slice' : 'slices'}.`;
        if (interrupted === null) {
          this.#inform(slide.metadata.name, restored);
          continue;
        }
        this.#inform(slide.metadata.name, `${restored} Continuing the interrupted run.`);
        // Whoever started it has been asked.
        this.#store.dispatch({ type: 'allow-misfit', modelId: model.id });
        const { area, polygon, overlap, glass, symmetries = false } = interrupted;
        void this.#runs.runAll(slide, [model], {
          extent: polygon !== null ? 'area' : area !== null ? 'visible' : 'whole',
          request: { area, polygon, overlap, glass, symmetries, keep: true },
        });
      } catch (error) {
        this.#events.warn(reportOf(error, slide.metadata.name));
      }
    }
  }

  /** Deletes the saved results of all slides. Results on screen stay until the page closes. */
  async deleteAll(): Promise<void> {
    try {
      await this.#client.deleteStored();
      this.#inform('', 'Saved results deleted.');
    } catch (error) {
      const report = reportOf(error, 'Saved results');
      this.#store.dispatch({ type: 'log', entry: logEntry('error', report, null) });
    }
  }

  /** Number and size of saved results; null if the browser cannot save any. */
  async use(): Promise<StorageUse | null> {
    return this.#client.storageUse().catch(() => null);
  }

  #inform(file: string, problem: string): void {
    const report = { code: 'restored', file, problem, remedy: '' };
    this.#store.dispatch({ type: 'log', entry: logEntry('info', report, null) });
  }
}

/** Identifies the saved results of a slide and a model. Results at another µm per pixel are different ones. */
function restoreKey(slide: OpenSlide, model: ModelEntry): string {
  const mpp = currentMpp(slide);
  return [slide.slideId, mpp?.x, mpp?.y, passId(model), model.overridden === true].join('/');
}

/** Results that should be on screen: none if the µm per pixel is unknown or saving is turned off. */
function wantedKeys(state: AppState): string[] {
  const { slide, preferences } = state;
  if (slide === null || !preferences.keepResults || currentMpp(slide) === null) return [];
  return shownModels(state).map((model) => restoreKey(slide, model));
}
