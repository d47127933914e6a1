/**
 * Draws training samples: a slice, its classes, its context and its place in the context. Classes are drawn
 * by given weights, so that rare ones are seen. A sample depends on the seed and its number alone, which makes a resumed
 * run continue exactly.
 */
import type { ContextKind } from '../model/config.ts';
import { mulberry32 } from '../runtime/variables.ts';
import {
  cropClasses,
  cropRgb,
  reduceImage,
  sampleClasses,
  wholeImage,
  type LabelledImage,
} from './labelled-image.ts';
import { transformPlace, transformSquare } from './symmetry.ts';

export interface SamplingGeometry {
  readonly contextKind: ContextKind;
  /** Sides of the network's inputs, pixels. */
  readonly slicePx: number;
  readonly contextPx: number | null;
  /** Side of the slice's field, µm; the images' umPerPx is `sliceFieldUm / slicePx`. */
  readonly sliceFieldUm: number;
  /** Of no consequence for `slide`, whose field is the slide. */
  readonly contextFieldUm: number | null;
}

export interface Sample {
  /** [slicePx, slicePx, 3] */
  readonly slice: Uint8Array<ArrayBuffer>;
  /** [slicePx, slicePx] */
  readonly classes: Uint8Array<ArrayBuffer>;
  /** [contextPx, contextPx, 3] */
  readonly context: Uint8Array<ArrayBuffer> | null;
  /** [contextPx, contextPx], of each context pixel's middle; null without a context. */
  readonly contextClasses: Uint8Array<ArrayBuffer> | null;
  /** Fractions of the context's side; a slice that reaches over the slide may leave 0 to 1. */
  readonly place: { readonly x: number; readonly y: number; readonly size: number };
}

interface Source {
  readonly image: LabelledImage;
  /** At the context's resolution. */
  readonly reduced: LabelledImage | null;
  /** All of the image as one context, for kind `slide`. */
  readonly whole: ReturnType<typeof wholeImage> | null;
  /** Pixel indices of each class, thinned. */
  readonly byClass: readonly Uint32Array[];
}

interface ContextSample {
  readonly context: Uint8Array | null;
  readonly contextClasses: Uint8Array | null;
  readonly place: Sample['place'];
}

export class Sampler {
  private readonly sources: readonly Source[];
  /** Slice pixels per context pixel. */
  private readonly factor: number;

  /** @throws Error when the fields and sizes make a ratio that is not whole, or no image has a class. */
  constructor(
    images: readonly LabelledImage[],
    private readonly geometry: SamplingGeometry,
    /** How often each class is drawn, relative to the others. */
    private readonly classWeights: readonly number[],
    private readonly seed: number,
  ) {
    this.factor = contextFactor(geometry);
    const reduces = geometry.contextKind === 'region' || geometry.contextKind === 'centred';
    this.sources = images.map((image) => ({
      image,
      reduced: reduces ? reduceImage(image, this.factor) : null,
      whole:
        geometry.contextKind === 'slide' && geometry.contextPx !== null
          ? wholeImage(image, geometry.contextPx)
          : null,
      byClass: pixelsByClass(image, classWeights.length),
    }));
    for (let c = 0; c < classWeights.length; c++) {
      if (classWeights[c]! > 0 && !this.sources.some((source) => source.byClass[c]!.length > 0)) {
        throw new Error(`No training image holds class ${String(c)}. Add slides that do.`);
      }
    }
  }

  /** The sample of that number, 0 upwards. */
  sample(number: number): Sample {
    const random = mulberry32(Math.imul(this.seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
    const below = (n: number): number => Math.floor(random() * n);
    for (let i = 0; i < 4; i++) random();
    const wanted = this.drawClass(random());
    const sources = this.sources.filter((source) => source.byClass[wanted]!.length > 0);
    const source = sources[below(sources.length)]!;
    const pixels = source.byClass[wanted]!;
    const pixel = pixels[below(pixels.length)]!;
    const side = this.geometry.slicePx;
    // The slice holds the drawn pixel somewhere.
    const x = (pixel % source.image.width) - below(side);
    const y = Math.floor(pixel / source.image.width) - below(side);
    const symmetry = below(8);
    const { context, contextClasses, place } = this.context(source, x, y, below);
    const contextPx = this.geometry.contextPx ?? 0;
    const jitter = colourJitter(random);
    return {
      slice: recolour(transformSquare(cropRgb(source.image, x, y, side), side, 3, symmetry), jitter),
      classes: transformSquare(cropClasses(source.image, x, y, side), side, 1, symmetry),
      context: context === null ? null : recolour(transformSquare(context, contextPx, 3, symmetry), jitter),
      contextClasses:
        contextClasses === null ? null : transformSquare(contextClasses, contextPx, 1, symmetry),
      place: transformPlace(place, symmetry),
    };
  }

  /** The class at `share` of the summed weights. */
  private drawClass(share: number): number {
    let rest = share * this.classWeights.reduce((sum, weight) => sum + weight, 0);
    const found = this.classWeights.findIndex((weight) => (rest -= weight) < 0);
    return Math.max(0, found);
  }

  private context(
    { image, reduced, whole: wholeSlide }: Source,
    x: number,
    y: number,
    below: (n: number) => number,
  ): ContextSample {
    const { contextKind, slicePx, contextPx } = this.geometry;
    const whole = { x: 0, y: 0, size: 1 };
    if (contextPx === null) return { context: null, contextClasses: null, place: whole };
    if (contextKind === 'same') {
      const slice = cropRgb(image, x, y, slicePx);
      const square = { ...image, width: slicePx, height: slicePx, rgb: slice };
      return {
        context: reduceImage(square, this.factor).rgb,
        contextClasses: sampleClasses(image, x, y, contextPx, this.factor),
        place: whole,
      };
    }
    if (wholeSlide !== null) {
      const side = Math.max(image.width, image.height);
      const place = { x: x / side, y: y / side, size: slicePx / side };
      return { context: wholeSlide.rgb, contextClasses: wholeSlide.classes, place };
    }
    if (reduced === null) throw new Error(`Context kind "${contextKind}" has no context.`);
    // A region lies anywhere around its slice; a centred context has it in the middle.
    const room = contextPx * this.factor - slicePx;
    const [offsetX, offsetY] =
      contextKind === 'centred' ? [room / 2, room / 2] : [below(room + 1), below(room + 1)];
    const left = Math.round((x - offsetX) / this.factor);
    const top = Math.round((y - offsetY) / this.factor);
    const full = contextPx * this.factor;
    return {
      context: cropRgb(reduced, left, top, contextPx),
      contextClasses: sampleClasses(image, left * this.factor, top * this.factor, contextPx, this.factor),
      place: { x: x / full - left / contextPx, y: y / full - top / contextPx, size: slicePx / full },
    };
  }
}

/** @throws Error when a context pixel does not cover a whole number of slice pixels. */
export function contextFactor(geometry: SamplingGeometry): number {
  const { contextKind, contextFieldUm, contextPx, sliceFieldUm, slicePx } = geometry;
  if (contextFieldUm === null || contextPx === null || contextKind === 'slide') return 1;
  const factor = contextFieldUm / contextPx / (sliceFieldUm / slicePx);
  const whole = Math.round(factor);
  if (whole < 1 || Math.abs(factor - whole) > 1e-6) {
    throw new Error(`A context pixel must cover a whole number of slice pixels, not ${String(factor)}.`);
  }
  return whole;
}

/** Every 7th pixel of each class: enough to draw from at a quarter of the memory. */
function pixelsByClass({ classes }: LabelledImage, count: number): Uint32Array[] {
  const STEP = 7;
  const totals = new Uint32Array(count);
  for (let i = 0; i < classes.length; i += STEP) totals[classes[i]!]!++;
  const lists = Array.from(totals, (total) => new Uint32Array(total));
  const next = new Uint32Array(count);
  for (let i = 0; i < classes.length; i += STEP) {
    const c = classes[i]!;
    lists[c]![next[c]!++] = i;
  }
  return lists;
}

/** A gain and an offset per channel, the same for a slice and its context: scanners and stains differ. */
function colourJitter(random: () => number): readonly number[] {
  const brightness = (random() - 0.5) * 0.1;
  const channel = (): number => 1 + brightness + (random() - 0.5) * 0.1;
  return [channel(), channel(), channel(), (random() - 0.5) * 10];
}

function recolour(data: Uint8Array<ArrayBuffer>, jitter: readonly number[]): Uint8Array<ArrayBuffer> {
  const clamped = new Uint8ClampedArray(data.buffer);
  for (let i = 0; i < clamped.length; i++) {
    clamped[i] = data[i]! * jitter[i % 3]! + jitter[3]!;
  }
  return data;
}
