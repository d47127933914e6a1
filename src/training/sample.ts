/** A training sample, its sizes, and the random numbers that it is drawn with. */
import type { ContextKind } from '../model/config.ts';
import { mulberry32 } from '../runtime/variables.ts';

/** Sizes of slices and contexts. */
export interface SamplingGeometry {
  readonly contextKind: ContextKind;
  /** Side of each network input, pixels. */
  readonly slicePx: number;
  readonly contextPx: number | null;
  /** Side of the slice's field, µm. Images are read at `sliceFieldUm / slicePx` µm per pixel. */
  readonly sliceFieldUm: number;
  /** Side of the context's field, µm. Ignored for kind `slide`, whose field is the whole slide. */
  readonly contextFieldUm: number | null;
}

/** A sample as read from the slide, before augmentation. */
export interface RawSample {
  /** [slicePx, slicePx, 3] */
  readonly slice: Uint8Array;
  /** [slicePx, slicePx] */
  readonly classes: Uint8Array;
  readonly context: {
    /** [contextPx, contextPx, 3] */
    readonly rgb: Uint8Array;
    /** [contextPx, contextPx] */
    readonly classes: Uint8Array;
    readonly place: Sample['place'];
  } | null;
}

/** A sample as the network sees it. */
export interface Sample {
  /** [slicePx, slicePx, 3] */
  readonly slice: Uint8Array<ArrayBuffer>;
  /** [slicePx, slicePx] */
  readonly classes: Uint8Array<ArrayBuffer>;
  /** [contextPx, contextPx, 3] */
  readonly context: Uint8Array<ArrayBuffer> | null;
  /** [contextPx, contextPx], class at the centre of each context pixel; null without a context. */
  readonly contextClasses: Uint8Array<ArrayBuffer> | null;
  /**
   * The slice's square in the context, as fractions of its side. May exceed 0 to 1 for a slice that crosses
   * the slide's edge.
   */
  readonly place: { readonly x: number; readonly y: number; readonly size: number };
}

export interface SampleSource {
  /** @param number from 0; the same number gives the same sample */
  sample(number: number): Sample | Promise<Sample>;
}

/** Uniform random numbers of one sample. */
export interface Draw {
  /** In [0, 1). */
  readonly random: () => number;
  /** An integer from 0 to n - 1. */
  readonly below: (n: number) => number;
}

/** Random numbers that depend only on the seed and the sample's number. */
export function drawFor(seed: number, number: number): Draw {
  const random = mulberry32(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  for (let i = 0; i < 4; i++) random();
  return { random, below: (n) => Math.floor(random() * n) };
}

/** An index, drawn in proportion to its weight. With equal weights it equals what `below` would draw. */
export function drawWeighted({ random }: Draw, weights: readonly number[]): number {
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => (rest -= weight) < 0);
  return Math.max(0, found);
}
