/**
 * Measurements of the active pane's layer: areas per class, and agreement with ground truth. Computed slice by
 * slice, a few milliseconds at a time, so that the page stays responsive.
 */
import { contextChange } from '../../evaluation/context-change.ts';
import type { ContextChange } from '../../evaluation/context-change.ts';
import { createConfusionMatrix } from '../../evaluation/confusion-matrix.ts';
import type { ConfusionMatrix } from '../../evaluation/confusion-matrix.ts';
import { metricsOf } from '../../evaluation/metrics.ts';
import type { Metrics } from '../../evaluation/metrics.ts';
import { tissueMm2 } from '../../export/map-area.ts';
import { boundsOfArea } from '../../export/map-area.ts';
import type { SlideArea } from '../../segment/area.ts';
import type { TissueMask } from '../../segment/tissue.ts';
import type { Level0Rect } from '../../slide/slide.ts';
import type { TruthAreas } from './truth-painter.ts';
import type { StoredSlice } from '../overlay/class-map-store.ts';
import type { LayerContent } from '../session/layer-content.ts';
import { intersection } from '../../base/rect.ts';
import { boundsOfRings } from '../../base/polygon.ts';
import { sliceFigures } from './slice-figures.ts';
import type { ComparedTruth, SliceFigures } from './slice-figures.ts';

export type FiguresExtent = 'slide' | 'view' | 'region';

/** What to measure. */
export interface FiguresRequest {
  readonly extent: FiguresExtent;
  readonly area: SlideArea;
  readonly content: LayerContent;
  readonly slide: { readonly width: number; readonly height: number };
  /** µm per level-0 pixel; null if unknown, in which case areas are null. */
  readonly mpp: { readonly x: number; readonly y: number } | null;
  /** null without truth, or if the layer is the truth itself. */
  readonly truth: TruthAreas | null;
  /** Where tissue is; null if unknown. */
  readonly tissue: TissueMask | null;
}

export interface ClassFigures {
  readonly name: string;
  readonly background: boolean;
  /** Pixels of the class map that lie on tissue; all where the tissue is unknown. */
  readonly pixels: number;
  /** Of those pixels; null without resolution. */
  readonly mm2: number | null;
  /** 0 to 1, of the segmented tissue within the area: the shares of all classes add up to 1. */
  readonly shareOfTissue: number;
}

export interface TruthComparison {
  readonly confusion: ConfusionMatrix;
  readonly metrics: Metrics;
  /** mm² with both prediction and truth; null without resolution. */
  readonly mm2: number | null;
}

export interface Figures {
  readonly extent: FiguresExtent;
  readonly title: string;
  readonly classes: readonly ClassFigures[];
  /** Segmented tissue within the area, mm²; null without resolution. */
  readonly segmentedMm2: number | null;
  /** All tissue within the area, mm²; null without resolution, and if the tissue is unknown. */
  readonly tissueMm2: number | null;
  /** null without truth, or if its classes differ from the layer's. */
  readonly comparison: TruthComparison | null;
  /** Whether there is a truth whose classes differ from the layer's. */
  readonly otherClasses: boolean;
  /** What the context changed, in pixels of the map that lie on tissue; absent for other layers. */
  readonly change?: ContextChange;
}

/** Milliseconds of work before yielding to the event loop. */
const budgetMs = 12;

/** Measurements of whole slices, by slice, for one truth and tissue. */
type Cache = WeakMap<
  StoredSlice,
  { readonly truth: number; readonly tissue: TissueMask | null; readonly figures: SliceFigures }
>;

export class FiguresSession {
  readonly #cache: Cache = new WeakMap();

  /**
   * Computes the measurements.
   * @throws AbortError when `signal` aborts
   */
  async compute(request: FiguresRequest, signal: AbortSignal): Promise<Figures> {
    const { content, area, slide, truth, tissue } = request;
    const { classes } = content;
    const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join();
    const otherClasses = truth !== null && names(truth.classes) !== names(classes);
    const compared = truth === null || otherClasses ? null : withBounds(truth);
    const bounds = boundsOfArea(area);
    const counts = new Float64Array(classes.length);
    const pixels = new Float64Array(classes.length);
    const sum = compared === null ? null : createConfusionMatrix(Math.max(2, classes.length));
    let comparedArea = 0;
    let started = performance.now();
    for (const slice of [...content.map.slices]) {
      if (bounds !== null && intersection(bounds, slice.rect) === null) continue;
      const known = this.#cache.get(slice);
      const isKnown = known?.truth === (compared?.version ?? 0) && known.tissue === tissue;
      // A spilled slice is coarse until it is read back.
      if (!slice.isWhole && !isKnown) await slice.whole();
      const figures = this.#figuresOf(slice, classes.length, slide, area, bounds, compared, tissue);
      figures.counts.forEach((count, value) => {
        pixels[value] = (pixels[value] ?? 0) + count;
        counts[value] = (counts[value] ?? 0) + count * figures.pixelArea;
      });
      if (sum !== null && figures.confusion !== null) {
        for (let cell = 0; cell < sum.counts.length; cell++) {
          const count = figures.confusion.counts[cell] ?? 0;
          sum.counts[cell] = (sum.counts[cell] ?? 0) + count;
          comparedArea += count * figures.pixelArea;
        }
      }
      if (performance.now() - started > budgetMs) {
        await new Promise((resolve) => setTimeout(resolve));
        signal.throwIfAborted();
        started = performance.now();
      }
    }
    return this.#figures(request, counts, pixels, sum, comparedArea, otherClasses);
  }

  #figuresOf(
    slice: StoredSlice,
    classes: number,
    slide: FiguresRequest['slide'],
    area: SlideArea,
    bounds: Level0Rect | null,
    truth: BoundedTruth | null,
    tissue: TissueMask | null,
  ): SliceFigures {
    const isWhole =
      area.kind === 'slide' || (area.kind === 'rect' && bounds !== null && holds(bounds, slice.rect));
    const known = this.#cache.get(slice);
    const version = truth?.version ?? 0;
    if (isWhole && known?.truth === version && known.tissue === tissue) return known.figures;
    const { size, classes: values } = slice.map(0);
    const figures = sliceFigures(
      { rect: slice.rect, size, classes: values },
      classes,
      slide,
      isWhole ? { kind: 'slide' } : area,
      truth === null ? null : near(truth, slice.rect),
      tissue,
    );
    if (isWhole) this.#cache.set(slice, { truth: version, tissue, figures });
    return figures;
  }

  #figures(
    request: FiguresRequest,
    counts: Float64Array,
    pixels: Float64Array,
    confusion: ConfusionMatrix | null,
    comparedArea: number,
    otherClasses: boolean,
  ): Figures {
    const { extent, content, mpp, tissue, area } = request;
    const mm2 = (level0: number): number | null => (mpp === null ? null : (level0 * mpp.x * mpp.y) / 1e6);
    const segmented = counts.reduce((all, count) => all + count, 0);
    const tissueArea = tissue === null || mpp === null ? null : tissueMm2(tissue, area, mpp);
    return {
      extent,
      title: content.title,
      classes: content.classes.map(({ name, background }, value) => {
        return {
          name,
          background,
          pixels: pixels[value] ?? 0,
          mm2: mm2(counts[value] ?? 0),
          shareOfTissue: segmented === 0 ? 0 : (counts[value] ?? 0) / segmented,
        };
      }),
      segmentedMm2: mm2(segmented),
      tissueMm2: tissueArea,
      comparison:
        confusion === null || comparedArea === 0
          ? null
          : { confusion, metrics: metricsOf(confusion), mm2: mm2(comparedArea) },
      otherClasses,
      ...(content.change && {
        change: contextChange(pixels, content.change.withContext.classes.length),
      }),
    };
  }
}

interface BoundedTruth extends ComparedTruth {
  readonly version: number;
  readonly bounds: readonly Level0Rect[];
}

/** Bounding boxes of a truth's areas, computed once. */
const boundsByTruth = new WeakMap<TruthAreas, BoundedTruth>();

function withBounds(truth: TruthAreas): BoundedTruth {
  const known = boundsByTruth.get(truth);
  if (known !== undefined) return known;
  const bounds = truth.areas.map(({ outer }) => boundsOfRings([outer]));
  const bounded = { areas: truth.areas, outside: truth.outside, version: truth.version, bounds };
  boundsByTruth.set(truth, bounded);
  return bounded;
}

/** The truth without areas that cannot intersect a slice. */
function near({ areas, outside, bounds }: BoundedTruth, rect: Level0Rect): ComparedTruth {
  const met = areas.filter((_area, i) => {
    const box = bounds[i];
    return box !== undefined && intersection(box, rect) !== null;
  });
  return { areas: met, outside };
}

function holds(outer: Level0Rect, inner: Level0Rect): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  );
}
