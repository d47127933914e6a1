/**
 * Draws training samples from images in memory: a slice, its classes, its context and its position in the
 * context. Class weights make rare classes appear often enough. A sample depends only on the seed and its
 * number, so a resumed run continues exactly.
 */
import { augment, type Augmentation, drawColourChange, drawScale } from './augmentation.ts';
import {
  contextCorner,
  contextFactor,
  insideRegion,
  isPlaced,
  onHalfSteps,
  type RegionPlacement,
  type SlicePlacement,
} from './placement.ts';
import {
  type Draw,
  drawFor,
  drawWeighted,
  type RawSample,
  type Sample,
  type SampleSource,
  type SamplingGeometry,
} from './sample.ts';
import {
  type ImageSquare,
  reduceImage,
  classesAtCentres,
  scaledClasses,
  scaledRgb,
  wholeImage,
} from './crops.ts';
import type { LabelledImage } from './labelled-image.ts';
import { ConfigError } from './training-config.ts';

export interface SamplerOptions {
  /** How often each class is drawn, relative to the others. */
  readonly classWeights: readonly number[];
  /** Whether a class that occurs in no image is an error (the default) or is not drawn. */
  readonly missingClasses?: 'refuse' | 'skip';
  readonly seed: number;
  /** Added to the eight symmetries and slight changes of brightness and colour, which are always drawn. */
  readonly augmentation?: Augmentation | undefined;
  /** `anywhere` by default. */
  readonly regions?: RegionPlacement | undefined;
  /** `anywhere` by default. */
  readonly slices?: SlicePlacement | undefined;
}

interface Source {
  readonly image: LabelledImage;
  readonly weight: number;
  readonly contexts: ContextReader;
  /** A subset of the pixel indices of each class. */
  readonly byClass: readonly Uint32Array[];
}

export class Sampler implements SampleSource {
  readonly #sources: readonly Source[];
  readonly #classWeights: readonly number[];
  readonly #geometry: SamplingGeometry;
  readonly #options: SamplerOptions;

  /**
   * @throws ConfigError when the ratio of context to slice pixels is not an integer, or a class is missing.
   */
  constructor(images: readonly LabelledImage[], geometry: SamplingGeometry, options: SamplerOptions) {
    this.#geometry = geometry;
    this.#options = options;
    const { classWeights, regions = 'anywhere' } = options;
    this.#sources = images.map((image) => ({
      image,
      weight: image.weight,
      contexts: new ContextReader(image, geometry, regions),
      byClass: pixelsByClass(image, classWeights.length),
    }));
    this.#classWeights = drawableClasses(this.#sources, options);
  }

  sample(number: number): Sample {
    const { seed, augmentation } = this.#options;
    const draw = drawFor(seed, number);
    const { random, below } = draw;
    const wanted = drawWeighted(draw, this.#classWeights);
    const { image, contexts, byClass } = drawSource(draw, this.#sources, wanted);
    const pixel = byClass[wanted]![below(byClass[wanted]!.length)]!;
    const side = this.#geometry.slicePx;
    const zoom = drawScale(draw, augmentation);
    const span = side * zoom;
    // The drawn pixel is anywhere in the slice.
    const room = zoom === 1 ? below : (n: number) => random() * n;
    const column = pixel % image.width;
    const row = Math.floor(pixel / image.width);
    const drawn =
      this.#options.slices === 'half-steps'
        ? onHalfSteps({ column, row }, side, span, draw)
        : { x: column - room(span), y: row - room(span), span };
    const square = contexts.within(drawn, { column, row });
    const symmetry = below(8);
    const context = contexts.read(square, zoom, below);
    const colours = drawColourChange(draw, augmentation);
    const raw = {
      slice: scaledRgb(image, square, side),
      classes: scaledClasses(image, square, side),
      context,
    };
    return augment(raw, symmetry, colours, this.#geometry);
  }
}

/** Draws one of the sources that contain a class, in proportion to its weight. */
export function drawSource<T extends { readonly weight: number; readonly byClass: readonly Uint32Array[] }>(
  draw: Draw,
  sources: readonly T[],
  wanted: number,
): T {
  const holding = sources.filter(({ byClass }) => byClass[wanted]!.length > 0);
  const weights = holding.map(({ weight }) => weight);
  return holding[drawWeighted(draw, weights)]!;
}

/**
 * The class weights, 0 for classes that do not occur.
 * @throws ConfigError when a class with a weight does not occur and is not to be skipped, or when none is
 *   left.
 */
export function drawableClasses(
  sources: readonly { readonly byClass: readonly Uint32Array[] }[],
  { classWeights, missingClasses = 'refuse' }: SamplerOptions,
): number[] {
  const occurs = classWeights.map((_, index) => sources.some(({ byClass }) => byClass[index]!.length > 0));
  const missing = classWeights.findIndex((weight, index) => weight > 0 && !occurs[index]!);
  if (missing >= 0 && missingClasses === 'refuse') {
    throw new ConfigError(
      `No training image contains class ${String(missing)}.`,
      'Add images that do, or set its weight in "sampling" to 0.',
    );
  }
  const drawn = classWeights.map((weight, index) => (occurs[index]! ? weight : 0));
  if (drawn.every((weight) => weight === 0)) {
    throw new ConfigError(
      'No image contains a class whose weight in "sampling" is above 0.',
      'Add images that do, or raise a weight.',
    );
  }
  return drawn;
}

/** One pixel in seven, which is enough to draw from and saves memory. */
function pixelsByClass({ classes }: LabelledImage, count: number): Uint32Array[] {
  return positionsByClass(classes, count, 7);
}

/**
 * The positions of each class among every `step`-th value. Values that are no class are skipped.
 * @returns indices into `classes`, for each of `count` classes
 */
export function positionsByClass(classes: Uint8Array, count: number, step: number): Uint32Array[] {
  const totals = new Uint32Array(256);
  for (let i = 0; i < classes.length; i += step) totals[classes[i]!]!++;
  const lists = Array.from({ length: count }, (_, index) => new Uint32Array(totals[index]!));
  const next = new Uint32Array(count);
  for (let i = 0; i < classes.length; i += step) {
    const c = classes[i]!;
    if (c < count) lists[c]![next[c]!++] = i;
  }
  return lists;
}

/** Reads the contexts of an image's slices, for every context kind. */
export class ContextReader {
  /** Slice pixels per context pixel. */
  readonly #factor: number;
  /** The image at the context's resolution. */
  readonly #reduced: LabelledImage | null;
  /** The whole image as one context, for kind `slide`. */
  readonly #whole: ReturnType<typeof wholeImage> | null;
  readonly #image: LabelledImage;
  readonly #geometry: SamplingGeometry;
  readonly #regions: RegionPlacement;

  /** @throws ConfigError when a context pixel does not cover a whole number of slice pixels. */
  constructor(image: LabelledImage, geometry: SamplingGeometry, regions: RegionPlacement) {
    this.#image = image;
    this.#geometry = geometry;
    this.#regions = regions;
    this.#factor = contextFactor(geometry);
    const { contextKind, contextPx } = geometry;
    this.#reduced = isPlaced(contextKind) ? reduceImage(image, this.#factor) : null;
    this.#whole = contextKind === 'slide' && contextPx !== null ? wholeImage(image, contextPx) : null;
  }

  /** On the lattice, moves a slice into the image and into the region of its pixel. */
  within(square: ImageSquare, pixel: { readonly column: number; readonly row: number }): ImageSquare {
    if (this.#regions !== 'lattice') return square;
    return insideRegion(square, pixel, this.#image, this.#regionSide());
  }

  /**
   * The context of a slice; null without one.
   * @param zoom scale of the slice's field; the context uses the same
   * @param below draws an integer from 0 to n - 1
   */
  read(slice: ImageSquare, zoom: number, below: (n: number) => number): RawSample['context'] {
    const { contextKind, contextPx, slicePx } = this.#geometry;
    if (contextPx === null) return null;
    if (contextKind === 'same') return this.#sameField(slice, contextPx);
    if (this.#whole !== null) {
      const side = Math.max(this.#image.width, this.#image.height);
      const place = { x: slice.x / side, y: slice.y / side, size: slice.span / side };
      const { rgb, classes } = this.#whole;
      return { rgb, classes, place };
    }
    if (this.#reduced === null) throw new Error(`Context kind "${contextKind}" has no context.`);
    const full = contextPx * this.#factor;
    const span = full * zoom;
    const [x, y] = contextCorner(contextKind, slice, span, this.#regionSide(), below);
    // At scale 1, whole pixels of the reduced image, which are copied rather than interpolated.
    const snap = (value: number): number =>
      zoom === 1 ? Math.round(value / this.#factor) : value / this.#factor;
    const [left, top] = [snap(x), snap(y)];
    return {
      rgb: scaledRgb(this.#reduced, { x: left, y: top, span: contextPx * zoom }, contextPx),
      classes:
        zoom === 1
          ? classesAtCentres(this.#image, left * this.#factor, top * this.#factor, contextPx, this.#factor)
          : scaledClasses(this.#image, { x: left * this.#factor, y: top * this.#factor, span }, contextPx),
      place: {
        x: slice.x / span - left / (contextPx * zoom),
        y: slice.y / span - top / (contextPx * zoom),
        size: slicePx / full,
      },
    };
  }

  /** Side of the lattice's regions, image pixels; null without a lattice. */
  #regionSide(): number | null {
    const { contextKind, contextPx } = this.#geometry;
    if (this.#regions !== 'lattice' || contextKind !== 'region' || contextPx === null) return null;
    return contextPx * this.#factor;
  }

  #sameField(slice: ImageSquare, contextPx: number): RawSample['context'] {
    const { slicePx } = this.#geometry;
    const rgb = scaledRgb(this.#image, slice, slicePx);
    const classes = scaledClasses(this.#image, slice, slicePx);
    const square: LabelledImage = { ...this.#image, width: slicePx, height: slicePx, rgb, classes };
    return {
      rgb: reduceImage(square, this.#factor).rgb,
      classes: classesAtCentres(square, 0, 0, contextPx, this.#factor),
      place: { x: 0, y: 0, size: 1 },
    };
  }
}
