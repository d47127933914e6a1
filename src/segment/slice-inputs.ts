/** What the network needs for its next slices: their pixels, read ahead, and the features of their context. */
import type { ContextFeatures, InputImage, Segmenter } from '../runtime/segmenter.ts';
import { SlideError } from '../slide/slide.ts';
import { abortable } from '../base/abort.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';
import { ReadAhead, type SliceReader } from './slice-reader.ts';

/** Tells what the network threw from what reading threw; the network's error is the cause. */
export class NetworkFailure extends Error {}

export interface BatchInputs {
  /** Slices that could be read, with their pixels. */
  readonly ready: readonly { readonly slice: PlannedSlice; readonly image: InputImage }[];
  /** Features of their common context; null without context, or where nothing is ready. */
  readonly context: ContextFeatures | null;
  readonly broken: readonly { readonly slice: PlannedSlice; readonly error: SlideError }[];
}

/** Errors of the whole slide rather than of one place in it: going on would only repeat them. */
const fatalCodes: ReadonlySet<string> = new Set(['network', 'not-found', 'no-range', 'not-a-slide']);

export class SliceInputs {
  regionsEncoded = 0;
  waitMs = 0;
  encodeMs = 0;
  readonly #plan: SlicePlan;
  readonly #now: () => number;
  readonly #signal: AbortSignal | undefined;
  readonly #reads: ReadAhead;
  readonly #contexts: ContextCache;
  /** Regions whose context could not be read: their slices are broken. */
  readonly #brokenRegions = new Map<number, SlideError>();

  /** @param keptRegions regions whose features are kept at most. */
  constructor(
    reader: SliceReader,
    plan: SlicePlan,
    keptRegions: number,
    now: () => number,
    signal: AbortSignal | undefined,
  ) {
    this.#plan = plan;
    this.#now = now;
    this.#signal = signal;
    this.#reads = new ReadAhead(reader, plan);
    this.#contexts = new ContextCache(keptRegions);
  }

  /** What reads have taken so far, summed. */
  get readTimes(): ReadAhead['times'] {
    return this.#reads.times;
  }

  /** Starts reading `slices` and their contexts, in this order, and drops all other reads. */
  want(slices: readonly PlannedSlice[]): void {
    this.#reads.want(
      slices,
      (region) =>
        this.#plan.contextSizePx !== null && !this.#contexts.has(region) && !this.#brokenRegions.has(region),
    );
  }

  /**
   * Waits for the pixels of `batch`, slices of one region, and encodes its context unless it is kept.
   * @throws SlideError when the whole slide can't be read any more; NetworkFailure when the context can't be
   * encoded; an AbortError when the run is aborted.
   */
  async of(batch: readonly PlannedSlice[], segmenter: Segmenter): Promise<BatchInputs> {
    const start = this.#now();
    const encodedBefore = this.encodeMs;
    try {
      const ready: { slice: PlannedSlice; image: InputImage }[] = [];
      const broken: { slice: PlannedSlice; error: SlideError }[] = [];
      for (const slice of batch) {
        try {
          ready.push({ slice, image: await abortable(this.#reads.slice(slice), this.#signal) });
        } catch (error) {
          broken.push({ slice, error: brokenPlace(error) });
        }
      }
      const [first] = ready;
      if (first === undefined || this.#plan.contextSizePx === null) return { ready, context: null, broken };
      try {
        return { ready, context: await this.#context(first.slice.region, segmenter), broken };
      } catch (error) {
        const reason = brokenPlace(error);
        const lost = ready.map(({ slice }) => ({ slice, error: reason }));
        return { ready: [], context: null, broken: [...broken, ...lost] };
      }
    } finally {
      this.waitMs += this.#now() - start - (this.encodeMs - encodedBefore);
    }
  }

  /** Frees every context, for instance because the network that made them is gone. */
  forgetContexts(): void {
    this.#contexts.clear();
  }

  /** Aborts every read. */
  stopReading(): void {
    this.#reads.clear();
  }

  async #context(region: number, segmenter: Segmenter): Promise<ContextFeatures> {
    const kept = this.#contexts.get(region);
    if (kept !== null) return kept;
    const pixels = await this.#contextPixels(region);
    const start = this.#now();
    this.#contexts.makeRoom();
    const features = encode(segmenter, pixels);
    this.#contexts.put(region, features);
    this.regionsEncoded++;
    this.encodeMs += this.#now() - start;
    return features;
  }

  async #contextPixels(region: number): Promise<InputImage> {
    const known = this.#brokenRegions.get(region);
    if (known !== undefined) throw known;
    try {
      return await abortable(this.#reads.context(region), this.#signal);
    } catch (error) {
      if (error instanceof SlideError) this.#brokenRegions.set(region, error);
      throw error;
    }
  }
}

function encode(segmenter: Segmenter, pixels: InputImage): ContextFeatures {
  try {
    return segmenter.encodeContext(pixels);
  } catch (cause) {
    throw new NetworkFailure('The context could not be encoded.', { cause });
  }
}

/** The error of a place that can't be read. @throws anything that is more than that. */
function brokenPlace(error: unknown): SlideError {
  if (error instanceof SlideError && !fatalCodes.has(error.code)) return error;
  throw error;
}

/** The features of at most `capacity` regions; the one used longest ago makes way, and is disposed. */
export class ContextCache {
  readonly capacity: number;
  readonly #features = new Map<number, ContextFeatures>();

  /** @throws RangeError unless `capacity` is at least 1. */
  constructor(capacity: number) {
    this.capacity = capacity;
    if (!(capacity >= 1)) throw new RangeError(`A context cache holds at least 1 region, not ${capacity}.`);
  }

  get size(): number {
    return this.#features.size;
  }

  /** The features of `region`, or null. Counts as a use. */
  get(region: number): ContextFeatures | null {
    const features = this.#features.get(region);
    if (features === undefined) return null;
    this.#features.delete(region);
    this.#features.set(region, features);
    return features;
  }

  has(region: number): boolean {
    return this.#features.has(region);
  }

  /** Disposes what was used longest ago, until one more region fits: call it before encoding that one. */
  makeRoom(): void {
    for (const [oldest, old] of this.#features) {
      if (this.#features.size < this.capacity) break;
      this.#features.delete(oldest);
      old.dispose();
    }
  }

  /** Takes ownership of `features`. */
  put(region: number, features: ContextFeatures): void {
    this.#features.get(region)?.dispose();
    this.#features.delete(region);
    this.makeRoom();
    this.#features.set(region, features);
  }

  /** Disposes everything. */
  clear(): void {
    for (const features of this.#features.values()) features.dispose();
    this.#features.clear();
  }
}
