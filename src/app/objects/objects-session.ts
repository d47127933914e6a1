/** The objects of the active pane's layer: found, listed, reviewed. Corrections themselves are in the app's state. */
import { isAbort } from '../../base/abort.ts';
import { applyCorrections, type CorrectedObjects } from '../../objects/apply-corrections.ts';
import type { Correction, ReviewCorrection, Verdict } from '../../objects/correction.ts';
import type { MapObject } from '../../objects/map-object.ts';
import { polygonsOf, type MapScale } from '../../objects/object-shape.ts';
import { countReviews, sortObjects, type ReviewCounts, type Sorting } from '../../objects/review-list.ts';
import { mergeObjects, splitObject } from '../../objects/split-object.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import type { LiveClassMap } from '../overlay/class-map-store.ts';
import type { LayerContent } from '../session/layer-content.ts';
import { activePaneOf, currentMpp, layerText } from '../state/state.ts';
import type { AppState, LayerChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { downloadObjectsCsv, downloadObjectsGeoJson } from './object-exports.ts';
import { CorrectionHistory } from './correction-history.ts';
import type { ObjectSource, ObjectsState } from './objects-state.ts';
import { MajorityMap } from './majority-map.ts';
import { confidenceIn, findObjects, type FoundObjects } from './find-objects.ts';

interface Parts {
  readonly store: AppStore;
  /** The layer itself, not as `shown` changes it. */
  resolveOwn(layer: LayerChoice): LayerContent | null;
  predictionModel(id: string): string | null;
  activeView(): SlideView | null;
}

/** Milliseconds without a new slice after which objects are found again. */
const restMs = 600;

export class ObjectsSession {
  readonly #parts: Parts;
  readonly #listeners = new Set<() => void>();
  readonly #history = new CorrectionHistory();
  #state: ObjectsState | null = null;
  #found: FoundObjects | null = null;
  /** Objects that corrections are known to be of. */
  #hints = new WeakMap<Correction, number>();
  #finding: AbortController | null = null;
  #timer: number | undefined;
  #watched: { readonly key: string; readonly end: () => void } | null = null;
  #sorting: Sorting = { by: 'confidence', descending: false };

  constructor(parts: Parts) {
    this.#parts = parts;
    const { store } = parts;
    store.subscribe(watchedOf, () => this.#watch());
    store.subscribe(
      ({ preferences }) => preferences.objectMajority,
      () => {
        this.#paintMajority();
        this.#set(this.#state);
      },
    );
    store.subscribe(
      ({ run }) => run === null,
      (isIdle) => {
        if (isIdle) this.#findSoon();
      },
    );
    store.subscribe(
      ({ slide }) => slide?.corrections,
      (corrections) => {
        if (corrections !== undefined && corrections !== this.#own) this.#apply();
      },
    );
  }

  /** Corrections that this session has set itself, and applied already. */
  #own: readonly Correction[] | null = null;

  /** Of the layer that was listed last, also once the list is closed. */
  #counted: { readonly map: LiveClassMap; readonly counts: ReviewCounts } | null = null;

  /** How far the review of a layer is; null if its objects have not been listed. */
  countsOf(map: LiveClassMap): ReviewCounts | null {
    const isListed =
      this.#counted?.map === map ||
      (this.#majority?.map === map && this.#majority.base === this.#counted?.map);
    return isListed ? (this.#counted?.counts ?? null) : null;
  }

  #majority: MajorityMap | null = null;

  /** The map with one class per object of the layer that is listed; null where it is not wanted. */
  get majority(): LiveClassMap | null {
    return this.#majority?.map ?? null;
  }

  /** A layer as it is shown: with one class per object, if that is wanted and its objects are known. */
  shown(content: LayerContent): LayerContent {
    if (this.#majority === null || this.#majority.base !== content.map) return content;
    return { ...content, title: `${content.title}, by object`, map: this.#majority.map };
  }

  /** Keeps the map with one class per object as the objects are. */
  #paintMajority(): void {
    const isWanted = this.#parts.store.getState().preferences.objectMajority;
    const state = this.#state;
    if (!isWanted || state === null) {
      this.#majority = null;
      return;
    }
    const { source, corrected } = state;
    const { content, slide } = source;
    if (this.#majority?.base !== content.map) {
      this.#majority = new MajorityMap(content.map, slide.metadata, content.classes);
    }
    this.#majority.show(corrected).catch((error: unknown) => {
      const entry = logEntry('error', reportOf(error, content.title), null);
      this.#parts.store.dispatch({ type: 'log', entry });
    });
  }

  readonly get = (): ObjectsState | null => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The layer that has objects; null if the active pane's has none. */
  source(): ObjectSource | null {
    const state = this.#parts.store.getState();
    const { layer } = activePaneOf(state);
    const modelId =
      layer.kind === 'model'
        ? layer.id
        : layer.kind === 'prediction'
          ? this.#parts.predictionModel(layer.id)
          : null;
    const content = modelId === null ? null : this.#parts.resolveOwn(layer);
    if (modelId === null || content === null || state.slide === null) return null;
    return { content, layer: modelId, slide: state.slide };
  }

  /** Follows the layer of the active pane while the list is open. */
  #watch(): void {
    const state = this.#parts.store.getState();
    const key = watchedOf(state);
    if (this.#watched?.key === key) return;
    this.#watched?.end();
    this.#watched = null;
    this.#finding?.abort();
    const source = key === '' ? null : this.source();
    if (source === null) {
      this.#found = null;
      this.#set(null);
      return;
    }
    if (source.content.map !== this.#state?.source.content.map) {
      this.#found = null;
      this.#history.clear();
      this.#set(null);
    }
    this.#watched = { key, end: source.content.map.subscribe(() => this.#findSoon()) };
    void this.#find();
  }

  #findSoon(): void {
    if (this.#watched === null) return;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      // A run that goes on would have them found again and again.
      if (this.#parts.store.getState().run === null) void this.#find();
    }, restMs);
  }

  /** What `#majority` was painted for. */
  #painted: CorrectedObjects | null = null;

  #version = { map: null as unknown, version: -1, settings: '' };

  async #find(): Promise<void> {
    const source = this.source();
    const { preferences } = this.#parts.store.getState();
    if (source === null || this.#watched === null) return;
    const { content, slide } = source;
    const settings = `${preferences.objectKind} ${preferences.smallestObject} ${currentMpp(slide)?.x}`;
    const before = this.#version;
    const { map } = content;
    // Reading spilled slices back notifies, too.
    if (
      this.#found !== null &&
      before.map === map &&
      before.version === map.version &&
      before.settings === settings
    )
      return;
    this.#finding?.abort();
    const controller = new AbortController();
    this.#finding = controller;
    const version = { map, version: map.version, settings };
    let release: (() => void) | null = null;
    try {
      release = await map.hold();
      const mpp = currentMpp(slide);
      const found = await findObjects(
        {
          map,
          slide: slide.metadata,
          classes: content.classes,
          kind: preferences.objectKind,
          smallest: preferences.smallestObject / (mpp === null ? 1 : mpp.x * mpp.y),
        },
        controller.signal,
      );
      if (controller.signal.aborted) return;
      this.#version = version;
      this.#found = found;
      this.#hints = new WeakMap();
      this.#apply();
    } catch (error) {
      if (isAbort(error)) return;
      const entry = logEntry('error', reportOf(error, content.title), null);
      this.#parts.store.dispatch({ type: 'log', entry });
    } finally {
      release?.();
    }
  }

  /** Puts all corrections on the objects that were found. */
  #apply(): void {
    const map = this.source()?.content.map;
    const isSplit = this.#all().some(({ kind }) => kind === 'split');
    // Parts are measured anew: that needs the whole map.
    if (map === undefined || !isSplit || [...map.slices].every(({ isWhole }) => isWhole))
      return this.#applyNow();
    void map.hold().then(
      (release) => {
        this.#applyNow();
        release();
      },
      (error: unknown) => {
        const entry = logEntry('error', reportOf(error, 'Objects'), null);
        this.#parts.store.dispatch({ type: 'log', entry });
      },
    );
  }

  #applyNow(): void {
    const source = this.source();
    if (source === null || this.#found === null || this.#watched === null) return;
    const { objects, scale } = this.#found;
    const { classes, map } = source.content;
    const corrected = applyCorrections(objects, this.#correctionsOf(source), {
      scale,
      classes,
      confidenceOf: confidenceIn(map),
      hint: (correction) => this.#hints.get(correction) ?? null,
    });
    for (const [key, correction] of corrected.reviews) this.#hints.set(correction, key);
    this.#show(
      source,
      scale,
      corrected,
      sortObjects(corrected.objects, corrected.reviews, classes, this.#sorting),
    );
  }

  #correctionsOf({ layer }: ObjectSource): readonly Correction[] {
    return this.#all().filter((correction) => correction.layer === layer);
  }

  #all(): readonly Correction[] {
    return this.#parts.store.getState().slide?.corrections ?? [];
  }

  #show(
    source: ObjectSource,
    scale: MapScale,
    corrected: CorrectedObjects,
    listed: readonly MapObject[],
    selected = this.#state?.selected ?? null,
  ): void {
    const keys = new Set(corrected.objects.map(({ key }) => key));
    const marked = new Set([...(this.#state?.marked ?? [])].filter((key) => keys.has(key)));
    this.#set({
      source,
      scale,
      corrected,
      counts: countReviews(corrected.objects, corrected.reviews, source.content.classes),
      sorting: this.#sorting,
      listed,
      selected: selected !== null && keys.has(selected) ? selected : null,
      marked,
      canUndo: this.#history.canUndo,
      canRedo: this.#history.canRedo,
    });
  }

  sort(sorting: Sorting): void {
    this.#sorting = sorting;
    const state = this.#state;
    if (state === null) return;
    const { corrected, source } = state;
    const listed = sortObjects(corrected.objects, corrected.reviews, source.content.classes, sorting);
    this.#set({ ...state, sorting, listed });
  }

  /** Selects an object. @param shows whether the view goes there */
  select(key: number | null, shows = true): void {
    const state = this.#state;
    if (state === null) return;
    this.#set({ ...state, selected: key });
    const object = this.selected();
    if (!shows || object === null) return;
    const { box } = object;
    const { x, y } = state.scale;
    const bounds = {
      x: box.left * x,
      y: box.top * y,
      width: (box.right - box.left) * x,
      height: (box.bottom - box.top) * y,
    };
    const middle = { x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2 };
    this.#parts.activeView()?.showSpot(bounds, middle);
  }

  selected(): MapObject | null {
    return this.#state?.corrected.objects.find(({ key }) => key === this.#state?.selected) ?? null;
  }

  /** Moves the selection in the list. @param by 1 for the next, -1 for the previous */
  step(by: 1 | -1, isLeft: (object: MapObject) => boolean = () => true): void {
    const state = this.#state;
    if (state === null) return;
    const { listed, selected } = state;
    const from = listed.findIndex(({ key }) => key === selected);
    for (let at = from < 0 ? (by > 0 ? 0 : listed.length - 1) : from + by; ; at += by) {
      const object = listed[at];
      if (object === undefined) return;
      if (isLeft(object)) return this.select(object.key);
    }
  }

  /** The object at a level-0 point becomes the selected one. */
  selectAt(x: number, y: number): void {
    const state = this.#state;
    if (state === null) return;
    const { scale, corrected } = state;
    const object = corrected.index.at(Math.floor(x / scale.x), Math.floor(y / scale.y));
    if (object !== null) this.select(object.key, false);
  }

  /** Marks the selected object for merging, or no longer. */
  mark(key = this.#state?.selected ?? null): void {
    const state = this.#state;
    if (state === null || key === null) return;
    const marked = new Set(state.marked);
    if (!marked.delete(key)) marked.add(key);
    this.#set({ ...state, marked });
  }

  /**
   * Accepts or rejects the selected object, and goes on to the next one that is left.
   * @param className defaults to the class that it has
   */
  review(verdict: Verdict, className?: string): void {
    const state = this.#state;
    const object = this.selected();
    if (state === null || object === null) return;
    const { source, corrected, scale } = state;
    const earlier = corrected.reviews.get(object.key);
    const { classes } = source.content;
    const name =
      className ??
      (verdict === 'rejected' ? undefined : earlier?.className) ??
      classes[object.majority]?.name ??
      '';
    if (earlier?.verdict !== verdict || earlier.className !== name) {
      const correction: ReviewCorrection = {
        id: earlier?.id ?? crypto.randomUUID(),
        version: 1,
        layer: source.layer,
        place: this.#nextPlace(),
        kind: 'review',
        verdict,
        className: name,
        shape: shapeOf(object, scale),
      };
      this.#hints.set(correction, object.key);
      const reviews = new Map(corrected.reviews).set(object.key, correction);
      this.#change(earlier === undefined ? [] : [earlier], [correction], { ...corrected, reviews });
    }
    this.step(1, ({ key }) => this.#state?.corrected.reviews.has(key) === false);
  }

  /** Accepts the selected object as the class at a place among those that are not background. */
  relabel(place: number): void {
    const foreground = this.#state?.source.content.classes.filter(({ background }) => !background);
    const name = foreground?.[place]?.name;
    if (name !== undefined) this.review('accepted', name);
  }

  /** @param tolerance maximum deviation of outlines, map pixels */
  exportGeoJson(tolerance: number): void {
    if (this.#state !== null) downloadObjectsGeoJson(this.#state, this.#parts.store.getState(), tolerance);
  }

  exportCsv(): void {
    if (this.#state !== null) downloadObjectsCsv(this.#state, this.#parts.store.getState());
  }

  /** Takes back what was said of the selected object. */
  unreview(): void {
    const object = this.selected();
    const corrected = this.#state?.corrected;
    const earlier = object === null ? undefined : corrected?.reviews.get(object.key);
    if (object === null || corrected === undefined || earlier === undefined) return;
    const reviews = new Map(corrected.reviews);
    reviews.delete(object.key);
    this.#change([earlier], [], { ...corrected, reviews });
  }

  /** Makes the selected object and the marked ones one. */
  merge(): void {
    const state = this.#state;
    if (state === null) return;
    const { corrected, marked, selected, scale, source } = state;
    const parts = corrected.objects.filter(({ key }) => marked.has(key) || key === selected);
    if (parts.length < 2) return;
    const whole = mergeObjects(parts);
    const earlier = parts.flatMap(({ key }) => corrected.reviews.get(key) ?? []);
    const merge: Correction = {
      id: crypto.randomUUID(),
      version: 1,
      layer: source.layer,
      place: this.#nextPlace(),
      kind: 'merge',
      shape: shapeOf(whole, scale),
    };
    this.#change(earlier, [merge], null);
    this.select(whole.key, false);
  }

  /**
   * Splits the selected object along a line. @param line level-0 pixels; x and y alternate
   * @returns whether the line parts it
   */
  split(line: readonly number[]): boolean {
    const state = this.#state;
    const object = this.selected();
    if (state === null || object === null) return false;
    const { scale, source, corrected } = state;
    const parts = splitObject(object, line, scale, confidenceIn(source.content.map));
    const [largest] = parts;
    if (parts.length < 2 || largest === undefined) return false;
    const earlier = corrected.reviews.get(object.key);
    const split: Correction = {
      id: crypto.randomUUID(),
      version: 1,
      layer: source.layer,
      place: this.#nextPlace(),
      kind: 'split',
      shape: shapeOf(object, scale),
      line,
    };
    this.#change(earlier === undefined ? [] : [earlier], [split], null);
    this.select(largest.key, false);
    return true;
  }

  undo(): void {
    this.#put(this.#history.undo(this.#all()));
  }

  redo(): void {
    this.#put(this.#history.redo(this.#all()));
  }

  /** Drops corrections whose object the map no longer has; they can be had back by undo. */
  dropUnmatched(): void {
    const { unmatched = [] } = this.#state?.corrected ?? {};
    if (unmatched.length > 0) this.#change(unmatched, [], null);
  }

  #nextPlace(): number {
    return this.#all().reduce((most, { place }) => Math.max(most, place), 0) + 1;
  }

  /** @param corrected the outcome, where it is known; null if all corrections must be applied again */
  #change(
    removed: readonly Correction[],
    added: readonly Correction[],
    corrected: CorrectedObjects | null,
  ): void {
    const all = this.#history.change(this.#all(), removed, added);
    if (corrected === null || this.#state === null) return this.#put(all);
    this.#own = all;
    this.#parts.store.dispatch({ type: 'corrections', corrections: all });
    const { source, scale, listed } = this.#state;
    this.#show(source, scale, corrected, listed);
  }

  #put(all: readonly Correction[] | null): void {
    if (all !== null) this.#parts.store.dispatch({ type: 'corrections', corrections: all });
  }

  #set(state: ObjectsState | null): void {
    this.#state = state;
    if (state?.corrected !== this.#painted) {
      this.#painted = state?.corrected ?? null;
      this.#paintMajority();
    }
    if (state !== null) this.#counted = { map: state.source.content.map, counts: state.counts };
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What the list depends on, as a text; empty while it is closed. */
function watchedOf(state: AppState): string {
  const { preferences, slide, models } = state;
  const isWanted = preferences.leftPanel === 'objects' || preferences.objectMajority;
  if (!isWanted || slide === null || models === null) return '';
  const mpp = currentMpp(slide);
  const { objectKind, smallestObject } = preferences;
  return [
    slide.slideId,
    mpp?.x,
    mpp?.y,
    layerText(activePaneOf(state).layer),
    objectKind,
    smallestObject,
  ].join('/');
}

/** Pixels of an object below which its outline is kept exactly: simplifying would change it too much. */
const exactPixels = 400;

function shapeOf(object: MapObject, scale: MapScale): number[][] {
  const tolerance = object.pixels < exactPixels ? 0 : 0.75;
  return polygonsOf(object, scale, tolerance).flatMap(({ outer, holes }) =>
    [outer, ...holes].map((ring) => [...ring]),
  );
}
