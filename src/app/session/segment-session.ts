/** Runs of the segmentation worker: one at a time; what is finished stays, whatever happens next. */
import type { Level0Rect } from '../../slide/slide.ts';
import type { SegmentRequest } from '../../worker/protocol.ts';
import type { SegmentClient } from '../../worker/segment-client.ts';
import { overlapOf } from '../../worker/segment-client.ts';
import type { Action } from '../state/reducer.ts';
import { currentMpp, shownModels } from '../state/state.ts';
import type { AppState, Extent, ModelEntry, OpenSlide } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import type { EngineEvents } from './engine-events.ts';
import { isAbort, logEntry, reportOf } from './error-log.ts';

/** How often the worker hears of a new view, in milliseconds. */
const viewInterval = 150;

/** What a run is asked for, without slide and model. */
export interface RunPlan {
  readonly extent: Extent;
  readonly request: Omit<SegmentRequest, 'slide' | 'modelUrl' | 'mpp'>;
}

export class SegmentSession {
  readonly #store: Store<AppState, Action>;
  readonly #client: SegmentClient;
  readonly #events: EngineEvents;
  readonly #visibleArea: () => Level0Rect | null;
  #run: AbortController | null = null;
  /** Models that the current run has still to come to. */
  #queue: ModelEntry[] = [];
  #viewTimer: number | null = null;

  /** @param visibleArea what the active pane shows of the slide now. */
  constructor(
    store: Store<AppState, Action>,
    client: SegmentClient,
    events: EngineEvents,
    visibleArea: () => Level0Rect | null,
  ) {
    this.#store = store;
    this.#client = client;
    this.#events = events;
    this.#visibleArea = visibleArea;
  }

  /**
   * Segments with the models of all panes, the active pane's first, one after the other. Asks for the
   * resolution first where the slide has none.
   * @param models only these; all that the panes show where absent.
   */
  async segment(extent: Extent, models = shownModels(this.#store.getState())): Promise<void> {
    const state = this.#store.getState();
    const { slide } = state;
    if (slide.kind !== 'open' || models.length === 0 || state.run !== null) return;
    if (currentMpp(slide) === null) {
      this.#store.dispatch({ type: 'dialog', dialog: 'mpp', segmentAfterMpp: extent });
      return;
    }
    const view = this.#visibleArea();
    if (extent === 'visible' && view === null) return;

    if (extent === 'area' && state.area === null) return;
    await this.runAll(slide, models, {
      extent,
      request: {
        area: extent === 'visible' ? view : null,
        polygon: extent === 'area' ? state.area : null,
        overlap: overlapOf(state.preferences.quality),
        glass: state.preferences.skipGlass ? 'skip' : 'include',
        keep: state.preferences.keepResults,
      },
    });
  }

  /** Runs the models one after the other on what `plan` says. */
  async runAll(slide: OpenSlide, models: readonly ModelEntry[], plan: RunPlan): Promise<void> {
    const controller = new AbortController();
    this.#run = controller;
    this.#queue = [...models];
    for (let model = this.#queue.shift(); model !== undefined; model = this.#queue.shift()) {
      if (controller.signal.aborted) break;
      await this.#segment(slide, model, plan, controller.signal);
    }
    this.#queue = [];
    if (this.#run === controller) this.#run = null;
    this.#pause(false);
  }

  async #segment(slide: OpenSlide, model: ModelEntry, plan: RunPlan, signal: AbortSignal): Promise<void> {
    this.#store.dispatch({ type: 'run-started', modelId: model.id, extent: plan.extent });
    try {
      void this.#client.setView(this.#visibleArea());
      const summary = await this.#client.segment(
        { ...plan.request, slide: slide.choice.input, modelUrl: model.url, mpp: slide.userMpp },
        { signal, onEvent: this.#events.listener(slide, model, true) },
      );
      this.#store.dispatch({ type: 'run-ended', summary });
    } catch (error) {
      this.#store.dispatch({ type: 'run-ended', summary: null });
      // Cancelled before the first slice.
      if (isAbort(error)) return;
      this.#store.dispatch({
        type: 'log',
        entry: logEntry('error', reportOf(error, slide.metadata.name), `segment.${plan.extent}`),
      });
    }
  }

  /** Holds the run, or lets it go on. */
  togglePause(): void {
    const { run } = this.#store.getState();
    if (run !== null) this.#pause(run.phase !== 'paused');
  }

  #pause(paused: boolean): void {
    void this.#client.setPaused(paused);
    this.#store.dispatch({ type: 'run-paused', paused });
  }

  /** Lets the current run go on with these models, on the same area. Does nothing when none is on. */
  enqueue(models: readonly ModelEntry[]): void {
    if (this.#run !== null) this.#queue.push(...models);
  }

  cancel(): void {
    if (this.#run === null) return;
    this.#store.dispatch({ type: 'run-cancelling' });
    this.#run.abort();
    void this.#client.setPaused(false);
  }

  /** The view has moved: slices in view come first from now on. */
  viewMoved(): void {
    if (this.#run === null || this.#viewTimer !== null) return;
    this.#viewTimer = window.setTimeout(() => {
      this.#viewTimer = null;
      if (this.#run !== null) void this.#client.setView(this.#visibleArea());
    }, viewInterval);
  }
}
