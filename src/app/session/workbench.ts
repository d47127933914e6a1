/** Everything that outlives a render: the store, the workers, the views and the class maps. */
import { DifferenceSession } from '../compare/difference-session.ts';
import { createMapClient } from '../../worker/map-client.ts';
import type { MapClient } from '../../worker/map-client.ts';
import { createSegmentClient } from '../../worker/segment-client.ts';
import { BearerTokens, createSlideClient } from '../../worker/slide-client.ts';
import { AnnotationSession } from '../annotate/annotation-session.ts';
import { ExportSession } from '../export/export-session.ts';
import { SessionFiles } from '../export/session-restore.ts';
import { ContextSession } from '../context/context-session.ts';
import { passId, withoutContextPass } from '../context/context-pass.ts';
import { VotesSession } from '../votes/votes-session.ts';
import { FiguresSession } from '../truth/figures-session.ts';
import { createStorageClient } from '../../worker/storage-client.ts';
import { ClassMapStore } from '../overlay/class-map-store.ts';
import type { LiveClassMap } from '../overlay/class-map-store.ts';
import { sliceCacheBudget, SliceCache } from '../overlay/slice-cache.ts';
import { browserStorage } from '../state/browser-storage.ts';
import { loadPreferences, savePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import { mismatchesOf } from '../models/model-refusal.ts';
import { modelOf, modelTitle } from '../state/state.ts';
import type { LayerChoice, ModelEntry, OpenSlide, PaneState } from '../state/state.ts';
import { toolInHand } from '../state/tools.ts';
import { createAppStore } from '../state/store.ts';
import type { AppStore } from '../state/store.ts';
import { StainSession } from '../stain/stain-session.ts';
import { UndoOffers } from '../undo/undo-offer.ts';
import { ModelSession } from '../models/model-session.ts';
import { Navigation } from '../navigate/navigation.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { ProjectQueue } from '../project/project-queue.ts';
import { ProjectSession } from '../project/project-session.ts';
import { SharedPointer, ViewLink } from '../viewer/view-link.ts';
import { demoChoice, fetchDemoSlides, watchDemoTruth } from './demo-slides.ts';
import { EngineEvents } from './engine-events.ts';
import { EngineSession } from './engine-session.ts';
import { logEntry, reportOf } from './error-log.ts';
import { FirstView } from './first-view.ts';
import { TruthLayer } from './layer-content.ts';
import type { LayerContent } from './layer-content.ts';
import { RecentSlides } from './recent-slides.ts';
import { RunEstimates } from './run-estimates.ts';
import { SegmentSession } from './segment-session.ts';
import { SlideSession } from './slide-session.ts';
import { StoredResults } from './stored-results.ts';
import { PredictionSession } from '../predictions/prediction-session.ts';
import { ObjectsSession } from '../objects/objects-session.ts';
import { PageAddress } from './page-address.ts';
import { parseUrlParameters } from './url-parameters.ts';

/** In narrower windows panels cover the tissue, see style/tablet.css. */
const narrowPx = 1100;

export class Workbench {
  readonly store: AppStore;
  readonly slides: SlideSession;
  readonly recent: RecentSlides;
  readonly engine: EngineSession;
  readonly estimates: RunEstimates;
  readonly models: ModelSession;
  readonly segmentation: SegmentSession;
  readonly stored: StoredResults;
  readonly #storage = createStorageClient();
  readonly classMaps = new ClassMapStore(
    new SliceCache(this.#storage, sliceCacheBudget(), () => this.#warnOfMemory()),
  );
  readonly truth = new TruthLayer();
  readonly maps: MapClient = createMapClient();
  readonly predictions: PredictionSession;
  readonly annotations: AnnotationSession;
  readonly figures = new FiguresSession();
  readonly exports = new ExportSession(this);
  readonly sessions: SessionFiles;
  readonly objects: ObjectsSession;
  readonly difference: DifferenceSession;
  readonly votes: VotesSession;
  readonly contextChange: ContextSession;
  readonly navigation: Navigation;
  readonly stains: StainSession;
  readonly undo: UndoOffers;
  readonly project: ProjectSession;
  readonly queue: ProjectQueue;
  readonly pointer = new SharedPointer();
  readonly #views = new Map<string, SlideView>();
  readonly #frameListeners = new Set<() => void>();
  readonly #link = new ViewLink();
  readonly #address: PageAddress;

  constructor() {
    const storage = browserStorage();
    this.store = createAppStore(initialState(loadPreferences(storage, window.innerWidth < narrowPx)));
    this.#storage.onReplaced?.((report) => {
      this.store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
    });
    const { slide, channels, at } = parseUrlParameters(window.location.search);
    const wanted = slide === null || channels === null ? null : { slide, text: channels };
    const tokens = new BearerTokens();
    this.undo = new UndoOffers(this.store);
    const first = new FirstView(() => this.activeView(), this.onActiveFrame);
    const shown = (slideId: number): Promise<void> => first.of(slideId);
    this.slides = new SlideSession(this.store, createSlideClient(tokens), wanted, tokens, shown);
    this.recent = new RecentSlides(this.store, this.slides.client, storage, { shown });
    const client = createSegmentClient({ tokens });
    const events = new EngineEvents(this.store, this.classMaps);
    this.engine = new EngineSession(this.store, client);
    this.estimates = new RunEstimates(this.store, async (signal) => {
      const { slide } = this.store.getState();
      if (slide !== null) await first.of(slide.slideId, signal);
      return this.engine.estimate(signal);
    });
    this.models = new ModelSession(this.store, client);
    this.segmentation = new SegmentSession(
      this.store,
      client,
      events,
      () => this.activeView()?.visibleArea() ?? null,
    );
    this.stored = new StoredResults(this.store, client, events, this.segmentation);
    this.votes = new VotesSession(this.store, (id) => this.resolveOwn({ kind: 'model', id }));
    this.contextChange = new ContextSession();
    this.difference = new DifferenceSession(
      this.store,
      this.truth,
      (layer) => this.resolveLayer(layer),
      ({ bounds, x, y }) => this.activeView()?.showSpot(bounds, { x, y }),
    );
    this.predictions = new PredictionSession(this.store, this.maps);
    this.annotations = new AnnotationSession(this.store, this.maps, this.truth);
    this.objects = new ObjectsSession(this);
    this.stains = new StainSession(this);
    this.sessions = new SessionFiles(this);
    this.navigation = new Navigation(this.store, () => this.activeView(), at);
    this.project = new ProjectSession(this.store, this.slides);
    const { store, slides, segmentation, project, classMaps, figures } = this;
    this.queue = new ProjectQueue({ store, slides, segmentation, project, classMaps, figures, client });
    this.#address = new PageAddress(this.store, this.slides, this.navigation);
    this.store.subscribe(
      ({ slide }) => toolInHand(slide) === null,
      (isFree) => {
        // Once the tool's bar, which had the focus, is gone.
        if (isFree) setTimeout(() => this.#focusView());
      },
    );
    this.store.subscribe(
      ({ preferences }) => preferences,
      (preferences) => savePreferences(storage, preferences),
    );
  }

  /** Unless something else has the focus. */
  #focusView(): void {
    if (document.activeElement === document.body) this.activeView()?.focus();
  }

  /** Opens the slide named in the page's URL, or the first demo slide. */
  async start(): Promise<void> {
    const wanted = parseUrlParameters(window.location.search);
    for (const problem of wanted.problems) {
      const report = { code: 'url', file: '', problem, remedy: '' };
      this.store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
    }
    const models = this.engine.loadModels(wanted.model);
    if (wanted.slide !== null && wanted.slide !== 'none') void this.slides.openUrl(wanted.slide);
    const isTaken = wanted.slide !== null || (await this.project.openLast());
    try {
      const demos = await fetchDemoSlides();
      this.store.dispatch({ type: 'demos', demos });
      watchDemoTruth(this.store, (file) => this.annotations.offerTruth(file));
      const [first] = demos;
      if (!isTaken && first !== undefined) await this.slides.open(demoChoice(first));
    } catch (error) {
      const report = reportOf(error, 'slides/index.json');
      this.store.dispatch({ type: 'log', entry: logEntry('error', report, null) });
    }
    await models;
    this.#address.keep();
    // Last, so that loading the runtime does not delay the first view of the slide.
    await this.engine.startBackend(wanted.backend);
    this.stored.watch();
    // Slices spilled by pages that closed without cleaning up.
    await this.#storage.sweep().catch(() => undefined);
  }

  #warnOfMemory(): void {
    const report = {
      code: 'memory',
      file: '',
      problem: 'Browser storage is full, so finished slices stay in memory.',
      remedy: 'Free disk space, or leave private browsing.',
    };
    this.store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
  }

  addView(paneId: string, view: SlideView): () => void {
    this.#views.set(paneId, view);
    const end = view.onFrame(() => {
      if (view !== this.activeView()) return;
      this.#link.lead(view, this.#views.values(), this.store.getState().link);
      this.segmentation.viewMoved();
      this.slides.viewMoved(() => this.activeView()?.visibleArea() ?? null);
      this.navigation.moved();
      for (const listener of [...this.#frameListeners]) listener();
    });
    return () => {
      end();
      if (this.#views.get(paneId) === view) this.#views.delete(paneId);
    };
  }

  /** Calls `listener` after each frame of the currently active pane. Returns a function that unsubscribes it. */
  readonly onActiveFrame = (listener: () => void): (() => void) => {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  };

  /** Moves a newly opened view to the position of the active one, unless panes are unlinked. */
  joinViews(view: SlideView): void {
    if (view === this.activeView()) this.navigation.shown(view);
    const place = this.activeView()?.place() ?? null;
    if (view === this.activeView() || place === null || this.store.getState().link === 'free') return;
    view.goTo(place);
  }

  /** Reloads the tiles of all views, after some failed. */
  reloadTiles(): void {
    this.slides.forgetTileErrors();
    for (const view of this.#views.values()) view.reload();
  }

  /** The view of a pane; null if the pane is not on screen. */
  view(paneId: string): SlideView | null {
    return this.#views.get(paneId) ?? null;
  }

  activeView(): SlideView | null {
    return this.#views.get(this.store.getState().activePane) ?? null;
  }

  /** What a layer shows on the open slide; null without a slide, model or ground truth. */
  resolveLayer(layer: LayerChoice): LayerContent | null {
    const content = this.resolveOwn(layer);
    return content === null ? null : this.objects.shown(content);
  }

  /** The same, without the objects' say: see `ObjectsSession.shown`. */
  resolveOwn(layer: LayerChoice): LayerContent | null {
    const state = this.store.getState();
    const { slide } = state;
    if (slide === null) return null;
    if (layer.kind === 'truth') return this.truth.of(slide.metadata.fingerprint);
    if (layer.kind === 'votes') return this.votes.of(layer.like);
    if (layer.kind === 'prediction') {
      const open = this.predictions.of(slide.metadata.fingerprint);
      return open.find(({ id }) => id === layer.id)?.content ?? null;
    }
    const model = modelOf(state, layer);
    if (model === null) return null;
    const content = this.#contentOf(slide, model);
    if (layer.kind !== 'context') return content;
    const without = this.#contentOf(slide, withoutContextPass(model));
    return this.contextChange.of(slide, model, { withContext: content, without });
  }

  #contentOf(slide: OpenSlide, model: ModelEntry): LayerContent {
    const mpp = slide.userMpp ?? slide.metadata.mpp;
    const { classes } = model.manifest;
    const title = modelTitle(model);
    const overridden = model.overridden === true;
    const mismatches = mismatchesOf(this.store.getState(), model);
    return {
      title,
      overridden,
      mismatches,
      classes,
      map: this.classMaps.of(slide.metadata.fingerprint, mpp, passId(model)),
    };
  }

  /** The model of a prediction on the open slide; null if there is none. */
  predictionModel(predictionId: string): string | null {
    const open = this.predictions.of(this.store.getState().slide?.metadata.fingerprint ?? '');
    return open.find(({ id }) => id === predictionId)?.modelId ?? null;
  }

  /** Class map of a pane's layer; null if the pane shows no layer. */
  classMapOf(pane: PaneState): LiveClassMap | null {
    return this.resolveLayer(pane.layer)?.map ?? null;
  }
}
