/** Ground truth as class areas, and as a layer painted by the map worker. */
import { paintedAreas, type AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { ClassPolygon } from '../../annotation/rasterise.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import type { CellLattice, MapClient } from '../../worker/map-client.ts';
import { labelModel } from '../annotate/label-colours.ts';
import { LiveClassMap } from '../overlay/class-map-store.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import { isAbort } from '../../base/abort.ts';
import type { TruthLayer } from '../session/layer-content.ts';
import { annotateOf, currentMpp } from '../state/state.ts';
import type { OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';

type Classes = ModelManifest['classes'];
type PaintedRegion = Pick<AnnotatedRegion, 'label' | 'outer' | 'holes'>;

/** Class value of uncounted truth. */
const notCounted = 255;

/** The ground truth as areas, to compare with. */
export interface TruthAreas {
  readonly classes: Classes;
  readonly areas: readonly ClassPolygon[];
  /** Value outside all areas: the background class, or 255 for not counted. */
  readonly outside: number;
  /** Differs whenever the areas do. */
  readonly version: number;
}

export class TruthPainter {
  readonly #store: AppStore;
  readonly #client: MapClient;
  readonly #layer: TruthLayer;
  #areas: TruthAreas | null = null;
  #painting: AbortController | null = null;
  #version = 0;
  readonly #listeners = new Set<() => void>();

  constructor(store: AppStore, client: MapClient, layer: TruthLayer) {
    this.#store = store;
    this.#client = client;
    this.#layer = layer;
  }

  /** The truth of the open slide; null without one. */
  get areas(): TruthAreas | null {
    return this.#areas;
  }

  /** Calls `listener` when the truth changes. @returns a function that stops this */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Repaints the truth of the app state. The layer changes once painting is complete. */
  paint(regions: readonly PaintedRegion[]): void {
    this.#painting?.abort();
    this.#painting = null;
    const state = this.#store.getState();
    const { slide } = state;
    const { truth } = annotateOf(state);
    if (slide === null || truth === null) {
      this.#areas = null;
      if (slide !== null) this.#layer.set(slide.metadata.fingerprint, null);
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
    const grid = truthGrid({ slide: slide.metadata, mpp: currentMpp(slide), umPerPx });
    void this.#paintCells(slide, areas, grid, outside, classes);
  }

  async #paintCells(
    slide: OpenSlide,
    areas: readonly ClassPolygon[],
    grid: ReturnType<typeof truthGrid>,
    outside: number,
    classes: Classes,
  ): Promise<void> {
    const controller = new AbortController();
    this.#painting = controller;
    const map = new LiveClassMap();
    // Truth has full confidence everywhere, so all cells share one map.
    const confidence = new Uint8Array(grid.cellPx ** 2).fill(255);
    const cells = grid.columns * grid.rows;
    const step = Math.max(1, Math.floor(cells / 20));
    try {
      await this.#client.rasterise(
        areas,
        grid,
        outside,
        (cell) => {
          map.add({ ...cell, confidence }, slide.metadata);
          if (map.size % step === 0) this.#progress(map.size / cells);
        },
        controller.signal,
      );
      if (controller.signal.aborted) return;
      this.#layer.set(slide.metadata.fingerprint, { title: 'Ground truth', classes, map, certain: true });
      this.#progress(1);
    } catch (error) {
      if (isAbort(error)) return;
      const report = reportOf(error, 'Ground truth');
      this.#store.dispatch({ type: 'log', entry: logEntry('error', report, null) });
    }
  }

  #progress(done: number): void {
    const { truth } = annotateOf(this.#store.getState());
    if (truth !== null)
      this.#store.dispatch({ type: 'annotate', action: { kind: 'truth', truth: { ...truth, done } } });
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Side of a cell, pixels of the map. */
const cellPx = 256;
/** Most pixels of the truth map; with its smaller copies it stays well below 200 MB. */
const maxGridPx = 64e6;
/** Default µm per pixel: fine enough for outlines drawn by hand. */
const defaultUm = 2;

export interface TruthGridInput {
  /** Level-0 pixels. */
  readonly slide: { readonly width: number; readonly height: number };
  /** µm per level-0 pixel; null if unknown. */
  readonly mpp: { readonly x: number; readonly y: number } | null;
  /** µm per pixel of the map to compare with, so that pixels coincide; null without one. */
  readonly umPerPx: number | null;
}

/** The grid on which truth is painted: at the resolution of the map to compare with, or coarser by a power of two if that is too large. */
export function truthGrid({ slide, mpp, umPerPx }: TruthGridInput): CellLattice {
  const um = umPerPx ?? defaultUm;
  // Without a resolution, one map pixel covers 2 × 2 level-0 pixels.
  let scaleX = mpp === null ? 2 : um / mpp.x;
  let scaleY = mpp === null ? 2 : um / mpp.y;
  while ((slide.width / scaleX) * (slide.height / scaleY) > maxGridPx) {
    scaleX *= 2;
    scaleY *= 2;
  }
  const cellWidth = cellPx * scaleX;
  const cellHeight = cellPx * scaleY;
  return {
    columns: Math.ceil(slide.width / cellWidth),
    rows: Math.ceil(slide.height / cellHeight),
    cellWidth,
    cellHeight,
    cellPx,
  };
}
