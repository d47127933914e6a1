/** Everything that outlives a render: the store, the workers, the views, the finished class maps. */
import { createSegmentClient } from '../../worker/segment-client.ts';
import { createSlideClient } from '../../worker/slide-client.ts';
import { ClassMapStore } from '../overlay/class-map-store.ts';
import type { ClassMap } from '../overlay/class-map-store.ts';
import { browserStorage, loadPreferences, savePreferences } from '../state/preferences.ts';
import { initialState, reduce } from '../state/reducer.ts';
import type { Action } from '../state/reducer.ts';
import type { AppState, PaneState } from '../state/state.ts';
import { createStore } from '../state/store.ts';
import type { Store } from '../state/store.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { ViewLink } from '../viewer/view-link.ts';
import { demoChoice, fetchDemoSlides } from './demo-slides.ts';
import { logEntry, reportOf } from './error-log.ts';
import { PointerPlace } from './pointer.ts';
import { SegmentSession } from './segment-session.ts';
import { SlideSession } from './slide-session.ts';
import { parseUrlParameters, withSlideAndModel } from './url-parameters.ts';

export class Workbench {
  readonly store: Store<AppState, Action>;
  readonly slides: SlideSession;
  readonly segmentation: SegmentSession;
  readonly classMaps = new ClassMapStore();
  readonly pointer = new PointerPlace();
  readonly #views = new Map<string, SlideView>();
  readonly #frameListeners = new Set<() => void>();
  readonly #link = new ViewLink();

  constructor() {
    const storage = browserStorage();
    this.store = createStore(reduce, initialState(loadPreferences(storage)));
    this.slides = new SlideSession(this.store, createSlideClient());
    this.segmentation = new SegmentSession(
      this.store,
      createSegmentClient(),
      this.classMaps,
      () => this.activeView()?.visibleArea() ?? null,
    );
    let saved = this.store.getState().preferences;
    this.store.subscribe(() => {
      const { preferences } = this.store.getState();
      if (preferences === saved) return;
      saved = preferences;
      savePreferences(storage, preferences);
    });
  }

  /** Opens what the page's address asks for, or the first demo slide. */
  async start(): Promise<void> {
    const wanted = parseUrlParameters(window.location.search);
    const models = this.segmentation.loadModels(wanted.model);
    if (wanted.slide !== null && wanted.slide !== 'none') void this.slides.openUrl(wanted.slide);
    try {
      const demos = await fetchDemoSlides();
      this.store.dispatch({ type: 'demos', demos });
      const [first] = demos;
      if (wanted.slide === null && first !== undefined) await this.slides.open(demoChoice(first));
    } catch (error) {
      const report = reportOf(error, 'slides/index.json');
      this.store.dispatch({ type: 'log', entry: logEntry('error', report, null) });
    }
    await models;
    this.#keepAddress();
    // Last, so that loading the runtime does not delay the first look at the slide.
    await this.segmentation.startBackend(wanted.backend);
    this.#showStored();
  }

  /** Shows what earlier visits have kept, whenever a slide opens or a pane changes its model. */
  #showStored(): void {
    let last = '';
    const update = (): void => {
      const { slide, panes, models } = this.store.getState();
      if (slide.kind !== 'open' || models === null) return;
      const now = [slide.slideId, slide.userMpp?.x, ...panes.map(({ modelId }) => modelId)].join();
      if (now === last) return;
      last = now;
      void this.segmentation.restore();
    };
    this.store.subscribe(update);
    update();
  }

  addView(paneId: string, view: SlideView): () => void {
    this.#views.set(paneId, view);
    const end = view.onFrame(() => {
      if (view !== this.activeView()) return;
      this.#link.lead(view, this.#views.values(), this.store.getState().link);
      this.segmentation.viewMoved();
      for (const listener of [...this.#frameListeners]) listener();
    });
    return () => {
      end();
      if (this.#views.get(paneId) === view) this.#views.delete(paneId);
    };
  }

  /** Called after each frame of the active pane, whichever that is by then. Returns the end of it. */
  readonly onActiveFrame = (listener: () => void): (() => void) => {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  };

  /** Brings a view that has just opened to where the active one is, unless views are free. */
  joinViews(view: SlideView): void {
    const place = this.activeView()?.place() ?? null;
    if (view === this.activeView() || place === null || this.store.getState().link === 'free') return;
    view.goTo(place);
  }

  /** Has every view ask again for its tiles, after some could not be had. */
  reloadTiles(): void {
    this.slides.forgetTileErrors();
    for (const view of this.#views.values()) view.reload();
  }

  activeView(): SlideView | null {
    return this.#views.get(this.store.getState().activePane) ?? null;
  }

  /** What a pane's model has finished on the open slide; null when the pane shows tissue alone. */
  classMapOf(pane: PaneState): ClassMap | null {
    const { slide } = this.store.getState();
    if (slide.kind !== 'open' || pane.modelId === null) return null;
    return this.classMaps.of(slide.metadata.fingerprint, slide.userMpp ?? slide.metadata.mpp, pane.modelId);
  }

  /** Keeps slide and model in the page's address, for reloading and for sharing a demo. */
  #keepAddress(): void {
    let last = '';
    const update = (): void => {
      const { slide, panes } = this.store.getState();
      if (slide.kind !== 'open') return;
      const { input } = slide.choice;
      const address = withSlideAndModel(
        window.location.search,
        input.kind === 'url' ? input.url : null,
        panes[0]?.modelId ?? null,
      );
      if (address === last) return;
      last = address;
      window.history.replaceState(null, '', `${window.location.pathname}${address}`);
    };
    this.store.subscribe(update);
    update();
  }
}
