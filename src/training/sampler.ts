/**
 * Draws training samples from images in memory: a slice, its classes, its context and its place in the context.
 * Classes are drawn by given weights, so that rare ones are seen. A sample depends on the seed and its number alone, which
 * makes a resumed run continue exactly.
 */
import { augment, drawColourChange, drawScale, type Augmentation } from './augmentation.ts';
import { drawFor, drawWeighted, type Draw } from './draw.ts';
import type { RegionPlacement } from './context-place.ts';
import { ContextReader } from './context-reader.ts';
import type { LabelledImage } from './labelled-image.ts';
import type { Sample, SampleSource, SamplingGeometry } from './sample.ts';
import { scaledClasses, scaledRgb } from './scaled-crop.ts';
import { onHalfSteps, type SlicePlacement } from './slice-place.ts';
import { ConfigError } from './training-config.ts';

export interface SamplerOptions {
  /** How often each class is drawn, relative to the others. */
  readonly classWeights: readonly number[];
  /** What happens to a class that occurs nowhere: an error by default, or it is not drawn. */
  readonly missingClasses?: 'refuse' | 'skip';
  readonly seed: number;
  /** Beside the eight symmetries and a slight change of brightness and colour, which are always there. */
  readonly augmentation?: Augmentation | undefined;
  /** Where regions lie; anywhere round their slice when absent. */
  readonly regions?: RegionPlacement | undefined;
  /** Where slices lie; anywhere round the drawn pixel when absent. */
  readonly slices?: SlicePlacement | undefined;
}

interface Source {
  readonly image: LabelledImage;
  readonly weight: number;
  readonly contexts: ContextReader;
  /** Pixel indices of each class, thinned. */
  readonly byClass: readonly Uint32Array[];
}

export class Sampler implements SampleSource {
  private readonly sources: readonly Source[];
  private readonly classWeights: readonly number[];

  /** @throws Error when the fields and sizes make a ratio that is not whole, or no image has a class. */
  constructor(
    images: readonly LabelledImage[],
    private readonly geometry: SamplingGeometry,
    private readonly options: SamplerOptions,
  ) {
    const { classWeights, regions = 'anywhere' } = options;
    this.sources = images.map((image) => ({
      image,
      weight: image.weight,
      contexts: new ContextReader(image, geometry, regions),
      byClass: pixelsByClass(image, classWeights.length),
    }));
    this.classWeights = drawableClasses(this.sources, options);
  }

  sample(number: number): Sample {
    const { seed, augmentation } = this.options;
    const draw = drawFor(seed, number);
    const { random, below } = draw;
    const wanted = drawWeighted(draw, this.classWeights);
    const { image, contexts, byClass } = drawSource(draw, this.sources, wanted);
    const pixel = byClass[wanted]![below(byClass[wanted]!.length)]!;
    const side = this.geometry.slicePx;
    const zoom = drawScale(draw, augmentation);
    const span = side * zoom;
    // The slice holds the drawn pixel somewhere.
    const room = zoom === 1 ? below : (n: number) => random() * n;
    const column = pixel % image.width;
    const row = Math.floor(pixel / image.width);
    const drawn =
      this.options.slices === 'half-steps'
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
    return augment(raw, symmetry, colours, this.geometry);
  }
}

/** One of the sources that hold a class, by their weights. */
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
 * The weights of the classes that occur.
 * @throws ConfigError when one that is to be drawn occurs nowhere, unless such are skipped; when none is left.
 */
export function drawableClasses(
  sources: readonly { readonly byClass: readonly Uint32Array[] }[],
  { classWeights, missingClasses = 'refuse' }: SamplerOptions,
): number[] {
  const occurs = classWeights.map((_, label) => sources.some(({ byClass }) => byClass[label]!.length > 0));
  const missing = classWeights.findIndex((weight, label) => weight > 0 && !occurs[label]!);
  if (missing >= 0 && missingClasses === 'refuse') {
    throw new ConfigError(
      `No training image contains class ${String(missing)}.`,
      'Add images that do, or set its weight in "sampling" to 0.',
    );
  }
  const drawn = classWeights.map((weight, label) => (occurs[label]! ? weight : 0));
  if (drawn.every((weight) => weight === 0)) {
    throw new ConfigError(
      'No image contains a class whose weight in "sampling" is above 0.',
      'Add images that do, or raise a weight.',
    );
  }
  return drawn;
}

/** Every 7th pixel of each class: enough to draw from at a quarter of the memory. */
function pixelsByClass({ classes }: LabelledImage, count: number): Uint32Array[] {
  return placesByClass(classes, count, 7);
}

/**
 * The places of each class, every `step`-th one; values that are no class are left out.
 * @returns for each of `count` classes the indices into `classes`
 */
export function placesByClass(classes: Uint8Array, count: number, step: number): Uint32Array[] {
  const totals = new Uint32Array(256);
  for (let i = 0; i < classes.length; i += step) totals[classes[i]!]!++;
  const lists = Array.from({ length: count }, (_, label) => new Uint32Array(totals[label]!));
  const next = new Uint32Array(count);
  for (let i = 0; i < classes.length; i += step) {
    const c = classes[i]!;
    if (c < count) lists[c]![next[c]!++] = i;
  }
  return lists;
}
