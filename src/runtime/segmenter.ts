/**
 * What the engine requires of a loaded network, whatever runs it. `graph-segmenter.ts` implements it on an
 * exported TF.js graph; tests implement it by hand.
 */
import type { EncoderMeans } from './domain/feature-distance.ts';
import type { ModelManifest } from './manifest.ts';

/** 8-bit RGBA, row by row; a decoded region of a slide qualifies. */
export interface InputImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** The slice's square within its context's square, as fractions of the context's side. */
export interface SliceInContext {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** Features of one context, kept where the backend keeps tensors. Dispose exactly once. */
export interface ContextFeatures {
  dispose(): void;
}

/** Result of one slice, row by row, `sizePx × sizePx`. */
export interface SliceMaps {
  readonly size: number;
  /** Winning class per pixel. */
  readonly classes: Uint8Array<ArrayBuffer>;
  /** Probability of the winning class, 0 to 255. */
  readonly confidence: Uint8Array<ArrayBuffer>;
  /**
   * Logarithm of every class's probability relative to the winner's, as a byte in the encoding of
   * `relativeLogits`. `size × size × classes`, the class fastest. Present only on request: it multiplies the
   * read-back by the number of classes.
   */
  readonly logProbabilities?: Uint8Array<ArrayBuffer>;
}

export interface SegmenterOptions {
  /** Requests `logProbabilities` in addition to class and confidence. False by default. */
  readonly logProbabilities?: boolean;
  /**
   * The caller never reads the images again, so their memory may be moved to another thread instead of copied. False by
   * default.
   */
  readonly takesImages?: boolean;
  /** Receives the milliseconds that the slices took, from a segmenter that computes several batches at a time. */
  readonly onComputed?: (ms: number) => void;
}

export interface Segmenter {
  readonly manifest: ModelManifest;
  /** Why the model failed its golden check, as a sentence; absent if it passed. Only a forced model runs with one. */
  readonly failedCheck?: string;
  /** @throws ModelError `bad-input` when the image is not `context.sizePx` square. */
  encodeContext(context: InputImage): ContextFeatures;
  /**
   * @param context features of the slice's context; null for single-input networks.
   * @throws ModelError `bad-input` on a wrong size or a missing context.
   */
  segment(
    slice: InputImage,
    context: ContextFeatures | null,
    sliceInContext: SliceInContext | null,
    options?: SegmenterOptions,
  ): Promise<SliceMaps>;
  /**
   * Several slices of one context at once, with one read-back for all. Absent where it gains nothing.
   * @returns one result per slice, in order.
   * @throws as `segment` does.
   */
  segmentBatch?(
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    options?: SegmenterOptions,
  ): Promise<SliceMaps[]>;
  /**
   * Compiles what `encodeContext` and `segment` will need, so that the first slice does not wait for it.
   * Absent where nothing is compiled.
   */
  warmUp?(options?: SegmenterOptions): Promise<void>;
  /**
   * Means over a slice of the channels of values that its encoder computes. Absent where the network can't be asked.
   * @param nodes names of the values in the model's graph, none of which may depend on a context.
   * @returns [channels] of each, in order.
   * @throws ModelError `bad-input` on a wrong size; Error on an unknown name.
   */
  encoderMeans?(slice: InputImage, nodes: readonly string[]): Promise<EncoderMeans>;
  /**
   * How far a slice is from the training data: 95 % of slices of the same kind, of unseen patients, have at most 1. Absent
   * where the manifest has no statistics. @throws as `encoderMeans`.
   */
  distance?(slice: InputImage): Promise<number>;
  /**
   * Gives the memory of results back for later ones, of all slices of a batch at once. Nobody may read them any more. Absent
   * where it gains nothing.
   */
  reuse?(maps: readonly SliceMaps[]): void;
  dispose(): void;
}

/** A slice of a batch. */
export interface SliceInput {
  readonly image: InputImage;
  /** The slice's square within its context's; null for single-input networks. */
  readonly sliceInContext: SliceInContext | null;
}
