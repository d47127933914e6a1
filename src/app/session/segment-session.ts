/** Runs of the segmentation worker: one at a time; what is finished stays, whatever happens next. */
import type { BackendName, SegmentEvent } from '../../worker/protocol.ts';
import type { SegmentClient } from '../../worker/segment-client.ts';
import type { Level0Rect } from '../../slide/slide.ts';
import type { ClassMapStore } from '../overlay/class-map-store.ts';
import type { Action } from '../state/reducer.ts';
import { shownModels } from '../state/state.ts';
import type { AppState, Extent, ModelEntry, OpenSlide } from '../state/state.ts';
import { currentMpp } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import { logEntry, reportOf } from './error-log.ts';
import { chooseModel, parseModelIds } from './model-list.ts';

/** How often the worker hears of a new view, in milliseconds. */
const viewInterval = 150;

export class SegmentSession {
  readonly #store: Store<AppState, Action>;
  readonly #client: SegmentClient;
  readonly #maps: ClassMapStore;
  readonly #visibleArea: () => Level0Rect | null;
  #run: AbortController | null = null;
  /** Models that the current run has still to come to. */
  #queue: ModelEntry[] = [];
  #backend: Promise<void> | null = null;
  #viewTimer: number | null = null;

  /** @param visibleArea what the active pane shows of the slide now. */
  constructor(
    store: Store<AppState, Action>,
    client: SegmentClient,
    maps: ClassMapStore,
    visibleArea: () => Level0Rect | null,
  ) {
    this.#store = store;
    this.#client = client;
    this.#maps = maps;
    this.#visibleArea = visibleArea;
  }

  /**
   * Reads the list of models and their manifests. A model that can't be read is left out and reported.
   * @param wanted id from the page's address, or null.
   */
  async loadModels(wanted: string | null): Promise<void> {
    const models: ModelEntry[] = [];
    try {
      const response = await fetch('./models/index.json');
      if (!response.ok) throw new Error(`The list of models can't be read (HTTP ${response.status}).`);
      const ids = parseModelIds(await response.json());
      const loaded = await Promise.all(ids.map((id) => this.#loadModel(id)));
      models.push(...loaded.filter((entry) => entry !== null));
    } catch (error) {
      this.#log(error, 'models/index.json');
    }
    this.#store.dispatch({ type: 'models', models });
    const chosen = chooseModel(models, wanted);
    if (wanted !== null && chosen?.id !== wanted && models.length > 0) {
      this.#log(new Error(`There is no model "${wanted}".`), 'Address of the page');
    }
    this.#store.dispatch({ type: 'choose-model', modelId: chosen?.id ?? null });
  }

  async #loadModel(id: string): Promise<ModelEntry | null> {
    const url = `./models/${id}/`;
    try {
      return { id, url, manifest: await this.#client.manifest(url) };
    } catch (error) {
      this.#log(error, `models/${id}`);
      return null;
    }
  }

  /** Starts the backend, once; a failure is reported and may be tried again. */
  startBackend(wanted: BackendName | null): Promise<void> {
    this.#backend ??= this.#startBackend(wanted);
    return this.#backend;
  }

  async #startBackend(wanted: BackendName | null): Promise<void> {
    this.#store.dispatch({ type: 'backend-starting' });
    try {
      const report = await this.#client.initialise(wanted);
      this.#store.dispatch({ type: 'backend-ready', report });
    } catch (error) {
      this.#backend = null;
      const report = reportOf(error, 'Backend');
      this.#store.dispatch({ type: 'backend-failed', error: report });
      this.#store.dispatch({ type: 'log', entry: logEntry('error', report, null) });
    }
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

    const controller = new AbortController();
    this.#run = controller;
    this.#queue = [...models];
    for (let model = this.#queue.shift(); model !== undefined; model = this.#queue.shift()) {
      if (controller.signal.aborted) break;
      await this.#segment(slide, model, extent, extent === 'visible' ? view : null, controller.signal);
    }
    this.#queue = [];
    if (this.#run === controller) this.#run = null;
  }

  async #segment(
    slide: OpenSlide,
    model: ModelEntry,
    extent: Extent,
    area: Level0Rect | null,
    signal: AbortSignal,
  ): Promise<void> {
    const map = this.#maps.of(slide.metadata.fingerprint, model.id);
    const onEvent = (event: SegmentEvent): void => {
      if (event.kind === 'slice') map.add(event.result, slide.metadata);
      if (event.kind === 'broken-slice') {
        this.#store.dispatch({ type: 'log', entry: logEntry('warning', event.error, null) });
      }
      this.#store.dispatch({ type: 'run-event', event });
    };
    this.#store.dispatch({ type: 'run-started', modelId: model.id, extent });
    try {
      void this.#client.setView(this.#visibleArea());
      const summary = await this.#client.segment(
        {
          slide: slide.choice.input,
          modelUrl: model.url,
          area,
          mpp: slide.userMpp,
        },
        { signal, onEvent },
      );
      this.#store.dispatch({ type: 'run-ended', summary });
    } catch (error) {
      this.#store.dispatch({ type: 'run-ended', summary: null });
      const command = extent === 'visible' ? 'segment.visible' : 'segment.whole';
      this.#store.dispatch({
        type: 'log',
        entry: logEntry('error', reportOf(error, slide.metadata.name), command),
      });
    }
  }

  /** Lets the current run go on with these models, on the same area. Does nothing when none is on. */
  enqueue(models: readonly ModelEntry[]): void {
    if (this.#run !== null) this.#queue.push(...models);
  }

  cancel(): void {
    if (this.#run === null) return;
    this.#store.dispatch({ type: 'run-cancelling' });
    this.#run.abort();
  }

  /** The view has moved: slices in view come first from now on. */
  viewMoved(): void {
    if (this.#run === null || this.#viewTimer !== null) return;
    this.#viewTimer = window.setTimeout(() => {
      this.#viewTimer = null;
      if (this.#run !== null) void this.#client.setView(this.#visibleArea());
    }, viewInterval);
  }

  #log(error: unknown, subject: string): void {
    this.#store.dispatch({ type: 'log', entry: logEntry('error', reportOf(error, subject), null) });
  }
}
