/** What earlier visits have kept: shown again, gone on with, measured, deleted. */
import { shallow } from 'zustand/shallow';
import type { SegmentClient } from '../../worker/segment-client.ts';
import type { StorageUse } from '../../worker/storage-protocol.ts';
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
  /** Keys of stored results that have been asked for, see `restoreKey`. */
  readonly #asked = new Set<string>();

  constructor(store: AppStore, client: SegmentClient, events: EngineEvents, runs: SegmentSession) {
    this.#store = store;
    this.#client = client;
    this.#events = events;
    this.#runs = runs;
  }

  /** Restores what is wanted now, and whenever a slide opens, its µm per pixel changes or a pane shows another model. */
  watch(): void {
    this.#store.subscribe(wantedKeys, () => void this.restore(), {
      equalityFn: shallow,
      fireImmediately: true,
    });
  }

  /**
   * Shows what earlier visits have kept of the open slide for the models that the panes show, and continues a run that
   * the end of the page interrupted.
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
          { slide: slide.choice.input, modelUrl: model.url, area: null, mpp: slide.userMpp },
          // Not part of a run: the progress of one that is on stays its own.
          { onEvent: this.#events.listener(slide, model, false) },
        );
        if (slices === 0 || !wantedKeys(this.#store.getState()).includes(key)) continue;
        if (interrupted === null || interrupted.total <= slices) {
          this.#tell(slide.metadata.name, `${formatCount(slices)} slices of an earlier visit are shown.`);
          continue;
        }
        this.#tell(
          slide.metadata.name,
          `Continuing where the last visit stopped, after ${formatCount(slices)} slices.`,
        );
        const { area, polygon, overlap, glass } = interrupted;
        void this.#runs.runAll(slide, [model], {
          extent: polygon !== null ? 'area' : area !== null ? 'visible' : 'whole',
          request: { area, polygon, overlap, glass, keep: true },
        });
      } catch (error) {
        this.#events.warn(reportOf(error, slide.metadata.name));
      }
    }
  }

  /** Deletes what earlier visits have kept, of every slide; what is on screen stays until the page closes. */
  async deleteAll(): Promise<void> {
    try {
      await this.#client.deleteStored();
      this.#tell('', 'Stored results are deleted.');
    } catch (error) {
      const report = reportOf(error, 'Stored results');
      this.#store.dispatch({ type: 'log', entry: logEntry('error', report, null) });
    }
  }

  /** Size of what is kept; null where nothing can be kept. */
  async use(): Promise<StorageUse | null> {
    return this.#client.storageUse().catch(() => null);
  }

  #tell(file: string, problem: string): void {
    const report = { code: 'restored', file, problem, remedy: '' };
    this.#store.dispatch({ type: 'log', entry: logEntry('info', report, null) });
  }
}

/** Everything that decides which stored results belong to a slide and a model. Results of another scale are others. */
function restoreKey(slide: OpenSlide, model: ModelEntry): string {
  const mpp = currentMpp(slide);
  return [slide.slideId, mpp?.x, mpp?.y, model.id].join('/');
}

/** Stored results that should be on screen: none for a slide of unknown scale, and none where nothing is to be kept. */
function wantedKeys(state: AppState): string[] {
  const { slide, preferences } = state;
  if (slide === null || !preferences.keepResults || currentMpp(slide) === null) return [];
  return shownModels(state).map((model) => restoreKey(slide, model));
}
