/** Ground truth as areas of classes, and painted by the map worker as a layer. */
import { paintedAreas, type AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { ClassPolygon } from '../../annotation/rasterise.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import type { MapClient } from '../../worker/map-client.ts';
import { labelModel } from '../annotate/label-colours.ts';
import { ClassMap } from '../overlay/class-map-store.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import { isAbort } from '../../base/abort.ts';
import type { TruthLayer } from '../session/layer-content.ts';
import type { Action } from '../state/reducer.ts';
import { currentMpp } from '../state/state.ts';
import type { AppState, OpenSlide } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import { truthLattice } from './truth-lattice.ts';

type Classes = ModelManifest['classes'];
type PaintedRegion = Pick<AnnotatedRegion, 'label' | 'outer' | 'holes'>;

/** Class value of truth that is not counted. */
const notCounted = 255;

/** The ground truth as areas, for whoever compares with it. */
export interface TruthAreas {
  readonly classes: Classes;
  readonly areas: readonly ClassPolygon[];
  /** Value outside of all areas: the background class, or 255 for not counted. */
  readonly outside: number;
  /** Another one for other areas. */
  readonly version: number;
}

export class TruthPainter {
  readonly #store: Store<AppState, Action>;
  readonly #client: MapClient;
  readonly #layer: TruthLayer;
  #areas: TruthAreas | null = null;
  #painting: AbortController | null = null;
  #version = 0;
  readonly #listeners = new Set<() => void>();

  constructor(store: Store<AppState, Action>, client: MapClient, layer: TruthLayer) {
    this.#store = store;
    this.#client = client;
    this.#layer = layer;
  }

  /** The truth of the open slide; null without one. */
  get areas(): TruthAreas | null {
    return this.#areas;
  }

  /** Called when the truth changes. Returns the end of it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Paints the truth that the state tells of anew; the layer changes when all of it is there. */
  paint(regions: readonly PaintedRegion[]): void {
    this.#painting?.abort();
    this.#painting = null;
    const state = this.#store.getState();
    const { slide } = state;
    const { truth } = state.annotate;
    if (slide.kind !== 'open' || truth === null) {
      this.#areas = null;
      if (slide.kind === 'open') this.#layer.set(slide.metadata.fingerprint, null);
      this.#changed();
      return;
    }
    const model = labelModel(state);
    const all = state.models?.map(({ manifest }) => manifest.classes) ?? [];
    const sameNames = (list: Classes): boolean =>
      list.map(({ name }) => name).join() === truth.classNames.join();
    const classes = all.find(sameNames) ?? [];
    const byLabel = new Map(truth.labels.map(({ label, className }) => [label, className]));
    const areas = paintedAreas(regions, (label) => {
      const at = classes.findIndex(({ name }) => name === byLabel.get(label));
      return at < 0 ? null : at;
    });
    const background = Math.max(
      0,
      classes.findIndex((entry) => entry.background),
    );
    const outside = truth.outside === 'background' ? background : notCounted;
    this.#areas = { classes, areas, outside, version: ++this.#version };
    this.#changed();
    const umPerPx = model === null ? null : model.manifest.slice.fieldUm / model.manifest.slice.sizePx;
    const lattice = truthLattice({ slide: slide.metadata, mpp: currentMpp(slide), umPerPx });
    void this.#paintCells(slide, areas, lattice, outside, classes);
  }

  async #paintCells(
    slide: OpenSlide,
    areas: readonly ClassPolygon[],
    lattice: ReturnType<typeof truthLattice>,
    outside: number,
    classes: Classes,
  ): Promise<void> {
    const controller = new AbortController();
    this.#painting = controller;
    const map = new ClassMap();
    // Truth is sure of itself everywhere, so one map of confidence does for all cells.
    const confidence = new Uint8Array(lattice.cellPx ** 2).fill(255);
    const cells = lattice.columns * lattice.rows;
    const step = Math.max(1, Math.floor(cells / 20));
    try {
      await this.#client.rasterise(
        areas,
        lattice,
        outside,
        (cell) => {
          map.add({ ...cell, confidence }, slide.metadata);
          if (map.size % step === 0) this.#progress(map.size / cells);
        },
        controller.signal,
      );
      if (controller.signal.aborted) return;
      this.#layer.set(slide.metadata.fingerprint, { title: 'Ground truth', classes, map });
      this.#progress(1);
    } catch (error) {
      if (isAbort(error)) return;
      const report = reportOf(error, 'Ground truth');
      this.#store.dispatch({ type: 'log', entry: logEntry('error', report, null) });
    }
  }

  #progress(done: number): void {
    const { truth } = this.#store.getState().annotate;
    if (truth !== null)
      this.#store.dispatch({ type: 'annotate', action: { kind: 'truth', truth: { ...truth, done } } });
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
