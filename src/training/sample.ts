/** What training draws, and at what sizes. */
import type { ContextKind } from '../model/config.ts';

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

/** What was read of the slide, before any change. */
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

export interface SampleSource {
  /** The sample of that number, 0 upwards; the same number gives the same sample. */
  sample(number: number): Sample | Promise<Sample>;
}
