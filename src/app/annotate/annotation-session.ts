/** Annotations and ground truth of the open slide: reads files, maps labels to classes, saves edits and bookmarks. */
import type { AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import type { MapClient } from '../../worker/map-client.ts';
import { logEntry } from '../session/error-log.ts';
import type { TruthLayer } from '../session/layer-content.ts';
import { browserStorage } from '../state/browser-storage.ts';
import { activePaneOf, annotateOf } from '../state/state.ts';
import type { AppState, OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { TruthPainter } from '../truth/truth-painter.ts';
import type { TruthAreas } from '../truth/truth-painter.ts';
import { fromRegion, toRegion } from './annotation.ts';
import type { Annotation } from './annotation.ts';
import type { AnnotateAction, TruthLabel, TruthSummary } from './annotate-state.ts';
import type { KeptAnnotations, KeptTruth } from './annotation-record.ts';
import { AnnotationStore, onPageHidden } from './annotation-store.ts';
import { labelModel } from './label-colours.ts';
import { matchLabels, rememberLabels } from './label-memory.ts';
import { readAnnotationFiles } from './read-annotation-files.ts';
import { SavingNotes } from './saving-notes.ts';

type Classes = ModelManifest['classes'];

/** Milliseconds after the last edit before ground truth drawn by the user is repainted. */
const paintPause = 400;

export class AnnotationSession {
  readonly #store: AppStore;
  readonly #client: MapClient;
  readonly #painter: TruthPainter;
  readonly #kept: AnnotationStore;
  readonly #notes: SavingNotes;
  /** Regions of the open slide's ground truth file. */
  #fileRegions: readonly AnnotatedRegion[] = [];
  /** Saved ground truth until the models are known, whose classes its labels are mapped to. */
  #waitingTruth: KeptTruth | null = null;
  /** Number of the open slide once its saved annotations are in the state; from then on edits are saved. */
  #loadedSlide: number | null = null;
  #paintTimer: number | undefined;
  /** Resolves when the saved annotations of the open slide have been read. */
  #ready: Promise<void> = Promise.resolve();
  /** Whether a change of another tab is being taken over: it is on disk already. */
  #isMerging = false;

  constructor(store: AppStore, client: MapClient, layer: TruthLayer) {
    this.#store = store;
    this.#client = client;
    this.#painter = new TruthPainter(store, client, layer);
    this.#notes = new SavingNotes(store);
    this.#kept = new AnnotationStore({
      warn: (report) => {
        store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
      },
      changed: (fingerprint, kept) => this.#merge(fingerprint, kept),
      failing: (reason) => this.#notes.writing(reason, this.#isShownLoaded()),
    });
    onPageHidden(() => this.#kept.flush());
    window.addEventListener('pageshow', ({ persisted }) => {
      if (persisted) this.#kept.refresh();
    });
    window.addEventListener('beforeunload', (event) => {
      if (this.#kept.isFailing || this.#notes.hasUnreadRest) event.preventDefault();
    });
    store.subscribe(
      ({ slide }) => slide?.slideId,
      () => {
        this.#slideChanged();
        const { slide } = store.getState();
        this.#ready = slide === null ? Promise.resolve() : this.#load(slide);
      },
    );
    store.subscribe(
      (state) => annotateOf(state).annotations,
      () => this.#edited(),
    );
    store.subscribe(
      ({ slide }) => slide?.bookmarks,
      () => this.#keep(),
    );
    store.subscribe(
      ({ slide }) => slide?.corrections,
      () => this.#keep(),
    );
  }

  /** Resolves when the saved annotations of the open slide have been read. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** Ground truth of the open slide, or null. */
  truth(): TruthAreas | null {
    return this.#painter.areas;
  }

  /** Calls `listener` when the truth changes. Returns a function that unsubscribes it. */
  readonly subscribe = (listener: () => void): (() => void) => this.#painter.subscribe(listener);

  /** Reads saved annotations again that could not be read, or writes again what could not be written. */
  retry(): void {
    const { slide } = this.#store.getState();
    if (slide?.annotate.saving.kind !== 'unread') this.#kept.retry();
    else this.#ready = this.#load(slide);
  }

  /** Reads one or more files as the ground truth of the open slide. */
  async loadTruth(files: readonly File[]): Promise<void> {
    const regions = await this.#readFiles(files);
    if (regions === null) return;
    this.#fileRegions = regions;
    this.#setTruth('file', files.map(({ name }) => name).join(', '), 'background');
  }

  /**
   * Loads the ground truth supplied with a slide, unless the slide already has one or the active model lacks some of its
   * classes: unknown labels would count as background.
   */
  async offerTruth(file: File): Promise<void> {
    const regions = await this.#readFiles([file]);
    const state = this.#store.getState();
    if (regions === null || annotateOf(state).truth !== null) return;
    const classNames = this.#classes(state).map(({ name }) => name);
    if (matchLabels(browserStorage(), regions, classNames).asks) return;
    this.#fileRegions = regions;
    this.#setTruth('file', file.name, 'background', false);
  }

  /** Imports files as editable annotations. */
  async importFiles(files: readonly File[]): Promise<void> {
    const regions = await this.#readFiles(files);
    if (regions === null) return;
    this.addRegions(regions);
  }

  addRegions(regions: readonly AnnotatedRegion[]): void {
    const annotations = regions.map((region) => fromRegion(region, crypto.randomUUID()));
    this.#dispatch({ kind: 'add', annotations });
  }

  /** Copies the regions of the ground truth file to editable annotations. */
  editTruth(): void {
    this.addRegions(this.#fileRegions);
  }

  /** Makes the drawn annotations the ground truth, which then follows later edits. */
  useDrawn(): void {
    this.#setTruth('drawn', '', 'background');
  }

  /** Has a ground truth back that was removed or replaced. */
  putTruth(truth: KeptTruth): void {
    this.#takeTruth(truth);
  }

  removeTruth(): void {
    this.#fileRegions = [];
    this.#waitingTruth = null;
    this.#dispatch({ kind: 'truth', truth: null });
    this.#paint();
    this.#keep();
  }

  /** Maps labels to classes, sets how unannotated tissue counts, and saves both. */
  setLabels(labels: readonly TruthLabel[], outside: TruthSummary['outside']): void {
    const { truth } = annotateOf(this.#store.getState());
    if (truth === null) return;
    rememberLabels(browserStorage(), labels);
    this.#dispatch({ kind: 'truth', truth: { ...truth, labels, outside } });
    this.#paint();
    this.#keep();
  }

  /** Maps the labels of the truth to the classes of the active model. */
  matchActiveModel(): void {
    const { truth } = annotateOf(this.#store.getState());
    if (truth !== null) this.#setTruth(truth.source, truth.name, truth.outside);
  }

  /** Restores annotations and truth from a session file. Undo brings the annotations back that were there. */
  restore(annotations: readonly Annotation[], truth: KeptTruth | null): void {
    // New ids, because those of the file may be taken by other annotations in the browser.
    const restored = annotations.map((each) => ({ ...each, id: crypto.randomUUID() }));
    this.#dispatch({ kind: 'replace', annotations: restored });
    this.#fileRegions = truth?.regions ?? [];
    if (truth === null) this.removeTruth();
    else this.#setTruth(truth.source, truth.name, truth.outside);
  }

  /** The truth in the form that is saved; null without one. */
  keptTruth(): KeptTruth | null {
    const { truth } = annotateOf(this.#store.getState());
    if (truth === null) return this.#waitingTruth;
    const { source, name, outside } = truth;
    return { source, name, outside, regions: source === 'file' ? this.#fileRegions : [] };
  }

  #slideChanged(): void {
    window.clearTimeout(this.#paintTimer);
    this.#loadedSlide = null;
    this.#fileRegions = [];
    this.#waitingTruth = null;
    this.#paint();
  }

  async #load(slide: OpenSlide): Promise<void> {
    const { fingerprint, name } = slide.metadata;
    const opened = await this.#kept.open(fingerprint, name);
    if (!this.#isOpen(slide)) return;
    if (opened.kind === 'failed') {
      this.#notes.unread(slide, opened.reason);
      return;
    }
    const { kept } = opened;
    const { annotations: drawn, truth: chosen, saving } = annotateOf(this.#store.getState());
    // Set while the saved ones were not there yet.
    const set = this.#store.getState().slide?.bookmarks ?? [];
    // Ground truth that was chosen while saved annotations could not be read stays.
    this.#waitingTruth = chosen === null ? kept.truth : null;
    this.#dispatch({ kind: 'loaded', annotations: kept.annotations });
    this.#store.dispatch({ type: 'bookmarks', bookmarks: [...kept.bookmarks, ...set] });
    const corrected = this.#store.getState().slide?.corrections ?? [];
    if ((kept.corrections ?? []).length > 0) {
      this.#store.dispatch({ type: 'corrections', corrections: [...(kept.corrections ?? []), ...corrected] });
    }
    this.#loadedSlide = slide.slideId;
    this.#notes.showWriting();
    if (saving.kind === 'unread') this.#notes.read(slide);
    if (drawn.length > 0 || set.length > 0 || corrected.length > 0 || chosen !== null) this.#keep();
    await this.#modelsLoaded();
    if (this.#isOpen(slide) && this.#waitingTruth !== null) this.#takeTruth(this.#waitingTruth);
  }

  /** Takes over a change that another tab has saved. */
  #merge(fingerprint: string, kept: KeptAnnotations): void {
    const { slide } = this.#store.getState();
    if (slide?.metadata.fingerprint !== fingerprint || !this.#isLoaded(slide)) return;
    this.#isMerging = true;
    try {
      this.#dispatch({ kind: 'merge', annotations: kept.annotations });
      this.#store.dispatch({ type: 'bookmarks', bookmarks: kept.bookmarks });
      this.#store.dispatch({ type: 'corrections', corrections: kept.corrections ?? [] });
      if (this.#waitingTruth !== null) {
        this.#waitingTruth = kept.truth;
        return;
      }
      const before = this.keptTruth();
      if (kept.truth === null) {
        if (before !== null) this.removeTruth();
      } else if (
        before?.regions !== kept.truth.regions ||
        before.source !== kept.truth.source ||
        before.outside !== kept.truth.outside
      ) {
        this.#takeTruth(kept.truth);
      }
    } finally {
      this.#isMerging = false;
    }
  }

  /** Shows saved ground truth. */
  #takeTruth({ source, name, outside, regions }: KeptTruth): void {
    this.#fileRegions = regions;
    this.#setTruth(source, name, outside, false);
  }

  /** Resolves when the models are loaded: labels are mapped to their classes. */
  #modelsLoaded(): Promise<void> {
    return new Promise((resolve) => {
      const end = this.#store.subscribe(
        ({ models }) => models !== null,
        (known) => {
          if (!known) return;
          // `subscribe` may call this before it returns `end`.
          queueMicrotask(() => end());
          resolve();
        },
        { fireImmediately: true },
      );
    });
  }

  #regions(source: TruthSummary['source']): readonly Pick<AnnotatedRegion, 'label' | 'outer' | 'holes'>[] {
    return source === 'file'
      ? this.#fileRegions
      : annotateOf(this.#store.getState()).annotations.map(toRegion);
  }

  /** @param ask whether to open the label dialog if a label is unknown, and to show the truth if no layer is shown */
  #setTruth(
    source: TruthSummary['source'],
    name: string,
    outside: TruthSummary['outside'],
    ask = true,
  ): void {
    this.#waitingTruth = null;
    const state = this.#store.getState();
    const classNames = this.#classes(state).map((entry) => entry.name);
    const { labels, asks } = matchLabels(browserStorage(), this.#regions(source), classNames);
    this.#dispatch({ kind: 'truth', truth: { source, name, labels, classNames, outside, done: 0 } });
    this.#paint();
    this.#keep();
    if (asks && ask) this.#store.dispatch({ type: 'dialog', dialog: 'labels' });
    if (ask && activePaneOf(state).layer.kind === 'none') {
      this.#store.dispatch({ type: 'choose-layer', layer: { kind: 'truth' } });
    }
  }

  /** Classes that labels are mapped to, see `labelModel`. */
  #classes(state: AppState): Classes {
    return labelModel(state)?.manifest.classes ?? [];
  }

  #paint(): void {
    const { truth } = annotateOf(this.#store.getState());
    this.#painter.paint(truth === null ? [] : this.#regions(truth.source));
  }

  /** Saves an edit at once. If annotations are the ground truth, repaints it after the next pause. */
  #edited(): void {
    if (this.#loadedSlide === null) return;
    this.#keep();
    window.clearTimeout(this.#paintTimer);
    this.#paintTimer = window.setTimeout(() => {
      const { truth } = annotateOf(this.#store.getState());
      if (truth?.source === 'drawn') this.#setTruth('drawn', '', truth.outside, false);
    }, paintPause);
  }

  #keep(): void {
    const { slide } = this.#store.getState();
    if (slide === null || !this.#isLoaded(slide) || this.#isMerging) return;
    const { annotate, bookmarks, corrections } = slide;
    const { annotations } = annotate;
    this.#kept.put(slide.metadata.fingerprint, {
      annotations,
      bookmarks,
      corrections,
      truth: this.keptTruth(),
    });
  }

  #readFiles(files: readonly File[]): Promise<AnnotatedRegion[] | null> {
    return readAnnotationFiles(files, this.#store, this.#client, this.#ready);
  }

  #isShownLoaded(): boolean {
    const { slide } = this.#store.getState();
    return slide !== null && this.#isLoaded(slide);
  }

  #isLoaded({ slideId }: OpenSlide): boolean {
    return slideId === this.#loadedSlide;
  }

  #isOpen({ slideId }: OpenSlide): boolean {
    const { slide } = this.#store.getState();
    return slide?.slideId === slideId;
  }

  #dispatch(action: AnnotateAction): void {
    this.#store.dispatch({ type: 'annotate', action });
  }
}
