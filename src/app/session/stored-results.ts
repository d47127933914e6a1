/** What earlier visits have kept: shown again, gone on with, measured, deleted. */
import type { SegmentClient } from '../../worker/segment-client.ts';
import type { StorageUse } from '../../worker/storage-protocol.ts';
import { formatCount } from '../format.ts';
import type { Action } from '../state/reducer.ts';
import { shownModels } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import type { EngineEvents } from './engine-events.ts';
import { logEntry, reportOf } from './error-log.ts';
import type { SegmentSession } from './segment-session.ts';

export class StoredResults {
  readonly #store: Store<AppState, Action>;
  readonly #client: SegmentClient;
  readonly #events: EngineEvents;
  readonly #runs: SegmentSession;
  /** Slides (by number) and models whose stored results have been asked for. */
  readonly #asked = new Set<string>();

  constructor(
    store: Store<AppState, Action>,
    client: SegmentClient,
    events: EngineEvents,
    runs: SegmentSession,
  ) {
    this.#store = store;
    this.#client = client;
    this.#events = events;
    this.#runs = runs;
  }

  /**
   * Shows what earlier visits have kept of the open slide for the models that the panes show, and goes on with
   * a run that the end of the page interrupted.
   */
  async restore(): Promise<void> {
    const state = this.#store.getState();
    const { slide } = state;
    if (slide.kind !== 'open' || !state.preferences.keepResults) return;
    for (const model of shownModels(state)) {
      const key = `${slide.slideId}/${model.id}`;
      if (this.#asked.has(key)) continue;
      this.#asked.add(key);
      try {
        const { slices, interrupted } = await this.#client.restore(
          { slide: slide.choice.input, modelUrl: model.url, area: null, mpp: slide.userMpp },
          // Not part of a run: the progress of one that is on stays its own.
          { onEvent: this.#events.listener(slide, model, false) },
        );
        const now = this.#store.getState();
        const isStillOpen = now.slide.kind === 'open' && now.slide.slideId === slide.slideId;
        if (slices === 0 || !isStillOpen) continue;
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
        // A slide of unknown resolution has nothing to show yet; whatever else is wrong, the log says.
        const report = reportOf(error, slide.metadata.name);
        if (report.code !== 'no-mpp') this.#events.warn(report);
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
