/**
 * Draws training samples directly from slides that do not fit in memory. A slice and its context are read on
 * demand, with the app's reader, from the level that fits. Only a coarse map of the classes and the cache of
 * decoded tiles stay in memory. The rules are those of `Sampler`.
 */
import type { Rect } from '../base/rect.ts';
import type { ImageDecoder, Slide } from '../slide/slide.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { readRegion } from '../slide/region.ts';
import { augment, drawColourChange, drawScale } from './augmentation.ts';
import {
  type Draw,
  drawFor,
  drawWeighted,
  type RawSample,
  type Sample,
  type SampleSource,
  type SamplingGeometry,
} from './sample.ts';
import { contextCorner, contextFactor, insideRegion, onHalfSteps } from './placement.ts';
import { type ClassesIn, type DatasetItem, knownMpp } from './datasets/dataset.ts';
import type { ImageSquare } from './crops.ts';
import { uncounted } from './labelled-image.ts';
import { drawableClasses, drawSource, positionsByClass, type SamplerOptions } from './sampler.ts';

/** Cells of the coarse map along a slice: fine enough that a slice around a cell contains its class. */
const cellsPerSlice = 16;
/** Maximum side of the coarse map: 4 MB per slide. */
const maxCells = 2048;

interface SlideSource {
  readonly slide: Slide;
  readonly weight: number;
  readonly classesIn: ClassesIn;
  /** Size of the slide in pixels of the slice's resolution, the unit of all squares. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per pixel of that resolution. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** Columns of the coarse map. */
  readonly columns: number;
  /** Side of a cell of the coarse map, pixels. */
  readonly cell: number;
  /** Cells of each class. */
  readonly byClass: readonly Uint32Array[];
}

export class SlideSampler implements SampleSource {
  readonly #decoder: ImageDecoder = nodePlatform().decoder;
  readonly #sources: readonly SlideSource[];
  readonly #geometry: SamplingGeometry;
  readonly #options: SamplerOptions;
  readonly #classWeights: readonly number[];

  /** Use `open`. */
  constructor(
    sources: readonly SlideSource[],
    geometry: SamplingGeometry,
    options: SamplerOptions,
    classWeights: readonly number[],
  ) {
    this.#sources = sources;
    this.#geometry = geometry;
    this.#options = options;
    this.#classWeights = classWeights;
  }

  /**
   * Opens every slide and keeps it open until `close`.
   * @throws SlideError, AnnotationError, DatasetError; ConfigError when the ratio of context to slice pixels
   *   is not an integer or a class is missing.
   */
  static async open(
    items: readonly DatasetItem[],
    geometry: SamplingGeometry,
    options: SamplerOptions,
    onOpen: (item: DatasetItem) => void = () => undefined,
  ): Promise<SlideSampler> {
    contextFactor(geometry);
    const sources: SlideSource[] = [];
    try {
      for (const item of items) {
        onOpen(item);
        sources.push(await openSource(item, geometry, options.classWeights.length));
      }
      return new SlideSampler(sources, geometry, options, drawableClasses(sources, options));
    } catch (error) {
      for (const { slide } of sources) slide.close();
      throw error;
    }
  }

  close(): void {
    for (const { slide } of this.#sources) slide.close();
  }

  /** @throws SlideError when a tile can't be read. */
  async sample(number: number): Promise<Sample> {
    const { seed, augmentation } = this.#options;
    const draw = drawFor(seed, number);
    const { random, below } = draw;
    const wanted = drawWeighted(draw, this.#classWeights);
    const source = drawSource(draw, this.#sources, wanted);
    const cells = source.byClass[wanted]!;
    const place = cells[below(cells.length)]!;
    const zoom = drawScale(draw, augmentation);
    const span = this.#geometry.slicePx * zoom;
    // A pixel of the cell, anywhere in the slice.
    const column = (place % source.columns) * source.cell + below(source.cell);
    const row = Math.floor(place / source.columns) * source.cell + below(source.cell);
    const drawn =
      this.#options.slices === 'half-steps'
        ? onHalfSteps({ column, row }, this.#geometry.slicePx, span, draw)
        : { x: Math.round(column - random() * span), y: Math.round(row - random() * span), span };
    const square =
      this.#options.regions === 'lattice'
        ? insideRegion(drawn, { column, row }, source, this.#regionSide())
        : drawn;
    const symmetry = below(8);
    const contextSquare = this.#contextSquare(source, square, zoom, draw);
    const colours = drawColourChange(draw, augmentation);
    const { slicePx, contextPx } = this.#geometry;
    const [slice, context] = await Promise.all([
      this.#read(source, square, slicePx),
      contextSquare === null || contextPx === null ? null : this.#read(source, contextSquare, contextPx),
    ]);
    const raw: RawSample = {
      slice: slice.rgb,
      classes: slice.classes,
      context:
        context === null || contextSquare === null
          ? null
          : {
              ...context,
              place: {
                x: (square.x - contextSquare.x) / contextSquare.span,
                y: (square.y - contextSquare.y) / contextSquare.span,
                size: square.span / contextSquare.span,
              },
            },
    };
    return augment(raw, symmetry, colours, this.#geometry);
  }

  /** The square of the context; null without one. */
  #contextSquare(
    { width, height }: SlideSource,
    slice: ImageSquare,
    zoom: number,
    { below }: Draw,
  ): ImageSquare | null {
    const { contextKind, contextPx } = this.#geometry;
    if (contextPx === null) return null;
    if (contextKind === 'same') return slice;
    if (contextKind === 'slide') return { x: 0, y: 0, span: Math.max(width, height) };
    const span = contextPx * contextFactor(this.#geometry) * zoom;
    const side = this.#options.regions === 'lattice' ? this.#regionSide() : null;
    const [x, y] = contextCorner(contextKind, slice, span, side, below);
    return { x, y, span };
  }

  #regionSide(): number | null {
    const { contextKind, contextPx } = this.#geometry;
    if (contextKind !== 'region' || contextPx === null) return null;
    return contextPx * contextFactor(this.#geometry);
  }

  /**
   * A square of the slide as `side` × `side` pixels with their classes. White, class 0, outside the slide.
   */
  async #read(
    source: SlideSource,
    { x, y, span }: ImageSquare,
    side: number,
  ): Promise<{ rgb: Uint8Array; classes: Uint8Array }> {
    const { scaleX, scaleY, slide, classesIn } = source;
    const rect: Rect = { x: x * scaleX, y: y * scaleY, width: span * scaleX, height: span * scaleY };
    const { data } = await readRegion(slide, rect, side, side, { decoder: this.#decoder });
    const rgb = new Uint8Array(side * side * 3);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      rgb[to] = data[from]!;
      rgb[to + 1] = data[from + 1]!;
      rgb[to + 2] = data[from + 2]!;
    }
    return { rgb, classes: classesIn(rect, side, side) };
  }
}

async function openSource(
  item: DatasetItem,
  { slicePx, sliceFieldUm }: SamplingGeometry,
  classes: number,
): Promise<SlideSource> {
  const slide = await item.open();
  try {
    const mpp = knownMpp(slide, item);
    const umPerPx = sliceFieldUm / slicePx;
    const [scaleX, scaleY] = [umPerPx / mpp.x, umPerPx / mpp.y];
    const width = Math.floor(slide.metadata.width / scaleX);
    const height = Math.floor(slide.metadata.height / scaleY);
    const truth = await item.truth();
    const counted = await item.counted?.();
    const classesIn: ClassesIn = (rect, w, h) => {
      const values = truth(rect, w, h);
      counted?.(rect, w, h).forEach((counts, i) => {
        if (counts === 0) values[i] = uncounted;
      });
      return values;
    };
    const cell = Math.max(
      1,
      Math.ceil(slicePx / cellsPerSlice),
      Math.ceil(Math.max(width, height) / maxCells),
    );
    const columns = Math.ceil(width / cell);
    const rows = Math.ceil(height / cell);
    const all = { x: 0, y: 0, width: columns * cell * scaleX, height: rows * cell * scaleY };
    const byClass = positionsByClass(classesIn(all, columns, rows), classes, 1);
    return { slide, weight: item.weight, classesIn, width, height, scaleX, scaleY, columns, cell, byClass };
  } catch (error) {
    slide.close();
    throw error;
  }
}
