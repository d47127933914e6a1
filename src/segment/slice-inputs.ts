/** Prepares the network's inputs: pixels of the next slices, read ahead, and the features of their context. */
import type { ContextFeatures, InputImage, Segmenter } from '../runtime/segmenter.ts';
import { SlideError } from '../slide/slide.ts';
import { abortable } from '../base/abort.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';
import { ReadAhead, type SliceReader } from './slice-reader.ts';

/** A failure of the network, as opposed to one of reading. The cause is the network's error. */
export class NetworkFailure extends Error {}

export interface BatchInputs {
  /** Slices with pixels; unreadable ones are missing. */
  readonly ready: readonly { readonly slice: PlannedSlice; readonly image: InputImage }[];
  /** Features of their common context; null without context, or if no slice is ready. */
  readonly context: ContextFeatures | null;
  readonly broken: readonly { readonly slice: PlannedSlice; readonly error: SlideError }[];
}

/** Errors that affect the whole slide, so that every further read would fail too. */
const fatalCodes: ReadonlySet<string> = new Set([
  'network',
  'not-found',
  'sign-in',
  'changed',
  'no-range',
  'not-a-slide',
]);

export class SliceInputs {
  regionsEncoded = 0;
  waitMs = 0;
  encodeMs = 0;
  readonly #plan: SlicePlan;
  readonly #now: () => number;
  readonly #signal: AbortSignal | undefined;
  readonly #reads: ReadAhead;
  readonly #contexts: ContextCache;
  /** Regions whose context could not be read, which makes all their slices broken. */
  readonly #brokenRegions = new Map<number, SlideError>();

  /** @param keptRegions maximum number of cached contexts. */
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

  /** Total time of reads so far. */
  get readTimes(): ReadAhead['times'] {
    return this.#reads.times;
  }

  /** Starts reading `slices` and their contexts, in this order, and aborts all other reads. */
  want(slices: readonly PlannedSlice[]): void {
    this.#reads.want(
      slices,
      (region) =>
        this.#plan.contextSizePx !== null && !this.#contexts.has(region) && !this.#brokenRegions.has(region),
    );
  }

  /**
   * Waits for the pixels of `batch`, slices of one region, and encodes its context unless it is cached.
   * @throws SlideError when the whole slide becomes unreadable; NetworkFailure when the context can't be
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

  /** Frees all contexts, for instance after the network was replaced. */
  forgetContexts(): void {
    this.#contexts.clear();
  }

  /** Aborts all reads. */
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

/** Returns the error of a broken place. @throws all other errors. */
function brokenPlace(error: unknown): SlideError {
  if (error instanceof SlideError && !fatalCodes.has(error.code)) return error;
  throw error;
}

/** An LRU cache of the context features of up to `capacity` regions. Disposes of evicted features. */
export class ContextCache {
  readonly capacity: number;
  readonly #features = new Map<number, ContextFeatures>();

  /** @throws RangeError if `capacity` is below 1. */
  constructor(capacity: number) {
    this.capacity = capacity;
    if (!(capacity >= 1))
      throw new RangeError(`The capacity of a context cache must be at least 1, not ${capacity}.`);
  }

  get size(): number {
    return this.#features.size;
  }

  /** The features of `region`, marked as recently used; or null. */
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

  /** Makes room for one more region. Call before encoding it, to limit peak memory. */
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

  /** Disposes of all features. */
  clear(): void {
    for (const features of this.#features.values()) features.dispose();
    this.#features.clear();
  }
}
