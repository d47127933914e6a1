/** Annotations of the open slide and its ground truth: read from files, matched with classes, kept in the browser. */
import type { AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import type { MapClient } from '../../worker/map-client.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import type { TruthLayer } from '../session/layer-content.ts';
import { browserStorage } from '../state/browser-storage.ts';
import { activePaneOf, annotateOf } from '../state/state.ts';
import type { AppState, OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { TruthPainter } from '../truth/truth-painter.ts';
import type { TruthAreas } from '../truth/truth-painter.ts';
import { fromRegion, hasFiniteCoordinates, toRegion } from './annotation.ts';
import type { Annotation } from './annotation.ts';
import type { AnnotateAction, TruthLabel, TruthSummary } from './annotate-state.ts';
import type { KeptTruth } from './annotation-record.ts';
import { AnnotationStore, onPageHidden } from './annotation-store.ts';
import { labelModel } from './label-colours.ts';
import { matchLabels, rememberLabels } from './label-memory.ts';

type Classes = ModelManifest['classes'];

/** Milliseconds without an edit before annotations that are the ground truth are painted again. */
const paintPause = 400;

export class AnnotationSession {
  readonly #store: AppStore;
  readonly #client: MapClient;
  readonly #painter: TruthPainter;
  readonly #kept: AnnotationStore;
  /** Of the file that is the truth of the open slide. */
  #fileRegions: readonly AnnotatedRegion[] = [];
  /** The open slide, by number, once what is kept of it is in the state; edits are stored from then on. */
  #loadedSlide: number | null = null;
  #paintTimer: number | undefined;
  /** What is kept of the open slide has been read. */
  #ready: Promise<void> = Promise.resolve();
  #nextId = 1;

  constructor(store: AppStore, client: MapClient, layer: TruthLayer) {
    this.#store = store;
    this.#client = client;
    this.#painter = new TruthPainter(store, client, layer);
    this.#kept = new AnnotationStore((level, report) => {
      store.dispatch({ type: 'log', entry: logEntry(level, report, null) });
    });
    onPageHidden(() => this.#kept.flush());
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
  }

  /** Resolves when what is kept of the open slide has been read. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** The truth of the open slide; null without one. */
  truth(): TruthAreas | null {
    return this.#painter.areas;
  }

  /** Called when the truth changes. Returns the end of it. */
  readonly subscribe = (listener: () => void): (() => void) => this.#painter.subscribe(listener);

  /** Number for an annotation that the slide does not have yet. */
  newId(): string {
    const taken = new Set(annotateOf(this.#store.getState()).annotations.map(({ id }) => id));
    while (taken.has(String(this.#nextId))) this.#nextId++;
    return String(this.#nextId++);
  }

  /** Reads files as ground truth of the open slide; several add up. */
  async loadTruth(files: readonly File[]): Promise<void> {
    const regions = await this.#read(files);
    if (regions === null) return;
    this.#fileRegions = regions;
    this.#setTruth('file', files.map(({ name }) => name).join(', '), 'background');
  }

  /**
   * Ground truth that comes with a slide: taken where the slide has none yet and the active model knows all its labels.
   * With other classes it would show as background.
   */
  async offerTruth(file: File): Promise<void> {
    const regions = await this.#read([file]);
    const state = this.#store.getState();
    if (regions === null || annotateOf(state).truth !== null) return;
    const classNames = this.#classes(state).map(({ name }) => name);
    if (matchLabels(browserStorage(), regions, classNames).asks) return;
    this.#fileRegions = regions;
    this.#setTruth('file', file.name, 'background', false);
  }

  /** Reads files as annotations that can be edited. */
  async importFiles(files: readonly File[]): Promise<void> {
    const regions = await this.#read(files);
    if (regions === null) return;
    this.addRegions(regions);
  }

  addRegions(regions: readonly AnnotatedRegion[]): void {
    const annotations = regions.map((region) => fromRegion(region, this.newId()));
    this.#dispatch({ kind: 'add', annotations });
  }

  /** The regions of the truth's file become annotations that can be edited. */
  editTruth(): void {
    this.addRegions(this.#fileRegions);
  }

  /** Takes what is drawn as ground truth; later edits follow. */
  useDrawn(): void {
    this.#setTruth('drawn', '', 'background');
  }

  removeTruth(): void {
    this.#fileRegions = [];
    this.#dispatch({ kind: 'truth', truth: null });
    this.#paint();
    this.#keep();
  }

  /** What each label counts as, and what lies outside; remembered. */
  setLabels(labels: readonly TruthLabel[], outside: TruthSummary['outside']): void {
    const { truth } = annotateOf(this.#store.getState());
    if (truth === null) return;
    rememberLabels(browserStorage(), labels);
    this.#dispatch({ kind: 'truth', truth: { ...truth, labels, outside } });
    this.#paint();
    this.#keep();
  }

  /** The labels of the truth matched with the classes of the active model, in place of those of another. */
  matchActiveModel(): void {
    const { truth } = annotateOf(this.#store.getState());
    if (truth !== null) this.#setTruth(truth.source, truth.name, truth.outside);
  }

  /** What a session file says of the open slide. */
  restore(annotations: readonly Annotation[], truth: KeptTruth | null): void {
    this.#dispatch({ kind: 'reset', annotations });
    this.#fileRegions = truth?.regions ?? [];
    if (truth === null) this.removeTruth();
    else this.#setTruth(truth.source, truth.name, truth.outside);
  }

  /** The truth as a session file keeps it. */
  keptTruth(): KeptTruth | null {
    const { truth } = annotateOf(this.#store.getState());
    if (truth === null) return null;
    const { source, name, outside } = truth;
    return { source, name, outside, regions: source === 'file' ? this.#fileRegions : [] };
  }

  #slideChanged(): void {
    window.clearTimeout(this.#paintTimer);
    this.#loadedSlide = null;
    this.#fileRegions = [];
    this.#paint();
  }

  async #load(slide: OpenSlide): Promise<void> {
    const { fingerprint, name } = slide.metadata;
    const [kept] = await Promise.all([this.#kept.get(fingerprint, name), this.#modelsRead()]);
    if (!this.#isOpen(slide)) return;
    const drawnMeanwhile = annotateOf(this.#store.getState()).annotations.length > 0;
    if (kept !== null) this.#dispatch({ kind: 'loaded', annotations: kept.annotations });
    this.#loadedSlide = slide.slideId;
    if (kept?.truth != null) {
      this.#fileRegions = kept.truth.regions;
      this.#setTruth(kept.truth.source, kept.truth.name, kept.truth.outside, false);
    } else if (drawnMeanwhile) this.#keep();
  }

  /** Labels can't be told before there are classes. */
  #modelsRead(): Promise<void> {
    return new Promise((resolve) => {
      const end = this.#store.subscribe(
        ({ models }) => models !== null,
        (known) => {
          if (!known) return;
          // Not before `subscribe` has returned.
          queueMicrotask(() => end());
          resolve();
        },
        { fireImmediately: true },
      );
    });
  }

  async #read(files: readonly File[]): Promise<AnnotatedRegion[] | null> {
    const { slide } = this.#store.getState();
    const [first] = files;
    if (first === undefined) return null;
    if (slide === null) {
      this.#fail(new Error('No slide is open that these annotations could belong to.'), first.name);
      return null;
    }
    const regions: AnnotatedRegion[] = [];
    await this.#ready;
    for (const file of files) {
      try {
        const read = await this.#client.readAnnotations(file, file.name);
        if (!this.#isOpen(slide)) return null;
        this.#warnOfPlace(read.regions, slide, file.name);
        const sound = read.regions.filter(hasFiniteCoordinates);
        this.#warnOfRefused(read.regions.length - sound.length, file.name);
        // One by one: a file may hold more regions than a call takes arguments.
        for (const region of sound) regions.push(region);
      } catch (error) {
        this.#fail(error, file.name);
        return null;
      }
    }
    return regions;
  }

  /** Annotations of another slide, or of another resolution, lie off this one. */
  #warnOfPlace(regions: readonly AnnotatedRegion[], { metadata }: OpenSlide, name: string): void {
    const off = regions.filter(({ outer }) => {
      const [x = 0, y = 0] = outer;
      return x < 0 || y < 0 || x > metadata.width || y > metadata.height;
    }).length;
    if (off === 0) return;
    const problem = `${off} of ${regions.length} regions begin outside of the slide.`;
    const remedy = 'They may belong to another slide, or to another resolution of it.';
    const report = { code: 'annotations', file: name, problem, remedy };
    this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
  }

  #warnOfRefused(count: number, name: string): void {
    if (count === 0) return;
    const problem = `${count} regions have coordinates that are not numbers and were skipped.`;
    const remedy = 'Export the file again from the program that wrote it.';
    const report = { code: 'annotations', file: name, problem, remedy };
    this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
  }

  #regions(source: TruthSummary['source']): readonly Pick<AnnotatedRegion, 'label' | 'outer' | 'holes'>[] {
    return source === 'file'
      ? this.#fileRegions
      : annotateOf(this.#store.getState()).annotations.map(toRegion);
  }

  /** @param ask whether the dialog may open where a label is no class. */
  #setTruth(
    source: TruthSummary['source'],
    name: string,
    outside: TruthSummary['outside'],
    ask = true,
  ): void {
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

  /** The classes that truth is told in: those of the active model, else of the first. */
  #classes(state: AppState): Classes {
    return labelModel(state)?.manifest.classes ?? [];
  }

  #paint(): void {
    const { truth } = annotateOf(this.#store.getState());
    this.#painter.paint(truth === null ? [] : this.#regions(truth.source));
  }

  /** Stores edits at once, and paints them where they are the truth as soon as there is a pause. */
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
    if (slide === null || !this.#isLoaded(slide)) return;
    const { annotations } = slide.annotate;
    this.#kept.put(slide.metadata.fingerprint, { annotations, truth: this.keptTruth() });
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

  #fail(error: unknown, subject: string): void {
    this.#store.dispatch({ type: 'log', entry: logEntry('error', reportOf(error, subject), null) });
  }
}
