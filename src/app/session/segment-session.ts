/** Runs of the segmentation worker: one at a time; what is finished stays, whatever happens next. */
import type {
  BackendName,
  ErrorReport,
  SegmentEstimate,
  SegmentEvent,
  SegmentRequest,
} from '../../worker/protocol.ts';
import type { StorageUse } from '../../worker/stored-run.ts';
import type { TissueMask } from '../../segment/tissue.ts';
import { formatCount } from '../format.ts';
import type { SegmentClient } from '../../worker/segment-client.ts';
import { overlapOf, qualities } from '../../worker/segment-client.ts';
import type { Level0Rect } from '../../slide/slide.ts';
import type { ClassMapStore } from '../overlay/class-map-store.ts';
import type { Action } from '../state/reducer.ts';
import { shownModels } from '../state/state.ts';
import type { AppState, Extent, ModelEntry, OpenSlide } from '../state/state.ts';
import { activeModel, currentMpp } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import { isAbort, logEntry, reportOf } from './error-log.ts';
import { chooseModel, parseModelIds } from './model-list.ts';

/** How often the worker hears of a new view, in milliseconds. */
const viewInterval = 150;

/** What a run was asked for, without slide and model. */
interface RunPlan {
  readonly extent: Extent;
  readonly request: Omit<SegmentRequest, 'slide' | 'modelUrl' | 'mpp'>;
}

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
  /** Slides (by number) and models whose stored results have been asked for. */
  readonly #restored = new Set<string>();
  /** Codes of storage problems that the user knows of. */
  readonly #told = new Set<string>();

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

    if (extent === 'area' && state.area === null) return;
    await this.#runAll(slide, models, {
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

  async #runAll(slide: OpenSlide, models: readonly ModelEntry[], plan: RunPlan): Promise<void> {
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
        { signal, onEvent: this.#listener(slide, model) },
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

  /** Puts slices where they belong, and what the user should know into the log. */
  #listener(slide: OpenSlide, model: ModelEntry, ofRun = true): (event: SegmentEvent) => void {
    const map = this.#maps.of(slide.metadata.fingerprint, slide.userMpp ?? slide.metadata.mpp, model.id);
    return (event) => {
      if (event.kind === 'slice') map.add(event.result, slide.metadata);
      if (event.kind === 'broken-slice' || event.kind === 'notice') this.#warn(event.error);
      if (event.kind === 'backend') this.#store.dispatch({ type: 'backend-ready', report: event.report });
      if (ofRun) this.#store.dispatch({ type: 'run-event', event });
    };
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
      if (this.#restored.has(key)) continue;
      this.#restored.add(key);
      try {
        const { slices, interrupted } = await this.#client.restore(
          { slide: slide.choice.input, modelUrl: model.url, area: null, mpp: slide.userMpp },
          // Not part of a run: the progress of one that is on stays its own.
          { onEvent: this.#listener(slide, model, false) },
        );
        const now = this.#store.getState();
        const isStillOpen = now.slide.kind === 'open' && now.slide.slideId === slide.slideId;
        if (slices === 0 || !isStillOpen) continue;
        if (interrupted === null || interrupted.total <= slices || now.run !== null) {
          this.#tell(slide, `${formatCount(slices)} slices of an earlier visit are shown.`);
          continue;
        }
        this.#tell(slide, `Continuing where the last visit stopped, after ${formatCount(slices)} slices.`);
        const { area, polygon, overlap, glass } = interrupted;
        void this.#runAll(slide, [model], {
          extent: polygon !== null ? 'area' : area !== null ? 'visible' : 'whole',
          request: { area, polygon, overlap, glass, keep: true },
        });
      } catch (error) {
        // A slide of unknown resolution has nothing to show yet; whatever else is wrong, the log says.
        const report = reportOf(error, slide.metadata.name);
        if (report.code !== 'no-mpp') this.#warn(report);
      }
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

  /** Deletes what earlier visits have kept, of every slide; what is on screen stays until the page closes. */
  async deleteStored(): Promise<void> {
    try {
      await this.#client.deleteStored();
      this.#store.dispatch({
        type: 'log',
        entry: logEntry(
          'info',
          { code: '', file: '', problem: 'Stored results are deleted.', remedy: '' },
          null,
        ),
      });
    } catch (error) {
      this.#log(error, 'Stored results');
    }
  }

  /** Size of what is kept; null where nothing can be kept. */
  async storageUse(): Promise<StorageUse | null> {
    return this.#client.storageUse().catch(() => null);
  }

  /** What the whole slide would take at every quality; null while that can't be told. */
  async estimate(): Promise<SegmentEstimate | null> {
    const request = this.#requestForActive();
    if (request === null) return null;
    return this.#client
      .estimate(
        request,
        qualities.map(({ overlap }) => overlap),
      )
      .catch(() => null);
  }

  /** Where tissue is on the open slide; null where that can't be told. */
  async tissue(): Promise<TissueMask | null> {
    const request = this.#requestForActive();
    return request === null ? null : this.#client.tissue(request).catch(() => null);
  }

  #requestForActive(): SegmentRequest | null {
    const state = this.#store.getState();
    const { slide, preferences } = state;
    const model = activeModel(state);
    if (slide.kind !== 'open' || model === null || currentMpp(slide) === null) return null;
    return {
      slide: slide.choice.input,
      modelUrl: model.url,
      area: null,
      mpp: slide.userMpp,
      glass: preferences.skipGlass ? 'skip' : 'include',
    };
  }

  /** What is wrong with storage is told once: it would be the same for every run. */
  #warn(report: ErrorReport): void {
    if (report.code.startsWith('storage-')) {
      if (this.#told.has(report.code)) return;
      this.#told.add(report.code);
    }
    this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
  }

  #tell(slide: OpenSlide, problem: string): void {
    const report = { code: 'restored', file: slide.metadata.name, problem, remedy: '' };
    this.#store.dispatch({ type: 'log', entry: logEntry('info', report, null) });
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

  #log(error: unknown, subject: string): void {
    this.#store.dispatch({ type: 'log', entry: logEntry('error', reportOf(error, subject), null) });
  }
}
