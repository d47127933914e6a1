/** Reads pixels of slices and contexts, ahead of the network. */
import type { InputImage } from '../runtime/segmenter.ts';
import type { ReadTimes } from '../slide/read-times.ts';
import { readPicture, type SlidePicture } from '../slide/picture.ts';
import { readRegion } from '../slide/region.ts';
import type { Level0Rect, Slide, SlidePlatform } from '../slide/slide.ts';
import type { TileCache } from '../slide/tile-cache.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';

/** Pixels and, if measured, the time to read them. */
export interface ReadPixels extends InputImage {
  readonly times?: Readonly<ReadTimes>;
}

/** Source of pixels: a slide, or a fake in tests and benchmarks. */
export interface SliceReader {
  /**
   * The pixels of `rect`, resampled to `sizePx × sizePx`. They belong to the caller, who may move them to a thread.
   * @throws SlideError when they can't be read; an AbortError when `signal` aborts.
   */
  read(rect: Level0Rect, sizePx: number, signal: AbortSignal): Promise<ReadPixels>;
  /** See `readPicture`. Absent where slides are small. */
  readonly picture?: (sizePx: number, signal: AbortSignal) => Promise<SlidePicture | null>;
}

/**
 * Reads slices and contexts of `slide`, white outside the slide. Does not close the slide.
 * @param cache of decoded tiles; by default one for all slides.
 */
export function slideReader(
  slide: Slide,
  platform: Pick<SlidePlatform, 'decoder'>,
  cache?: TileCache,
): SliceReader {
  return {
    read: async (rect, sizePx, signal) => {
      const times: ReadTimes = { readMs: 0, decodeMs: 0, preprocessMs: 0 };
      const options = { decoder: platform.decoder, signal, times, ...(cache === undefined ? {} : { cache }) };
      const pixels = await readRegion(slide, rect, sizePx, sizePx, options);
      return { ...pixels, times };
    },
    picture: (sizePx, signal) => readPicture(slide, platform.decoder, sizePx, signal),
  };
}

interface Read {
  readonly controller: AbortController;
  readonly image: Promise<InputImage>;
}

/**
 * Holds at most the last requested reads, in progress or finished. Aborts reads that are no longer wanted because the view
 * moved.
 */
export class ReadAhead {
  readonly #reads = new Map<string, Read>();
  /** Total time of finished reads, which overlap. */
  readonly times: ReadTimes = { readMs: 0, decodeMs: 0, preprocessMs: 0 };

  readonly #reader: SliceReader;
  readonly #plan: SlicePlan;

  constructor(reader: SliceReader, plan: SlicePlan) {
    this.#reader = reader;
    this.#plan = plan;
  }

  /**
   * Starts reading `slices` and the contexts of regions for which `needsContext` holds, in this order. Aborts all other
   * reads.
   */
  want(slices: readonly PlannedSlice[], needsContext: (region: number) => boolean): void {
    const wanted = new Set<string>();
    for (const slice of slices) {
      if (needsContext(slice.region)) wanted.add(contextKey(slice.region));
      wanted.add(sliceKey(slice));
    }
    for (const [key, read] of this.#reads) {
      if (wanted.has(key)) continue;
      this.#reads.delete(key);
      read.controller.abort();
    }
    for (const slice of slices) {
      if (needsContext(slice.region)) this.#startContext(slice.region);
      this.#start(sliceKey(slice), slice.rect, this.#plan.sizePx);
    }
  }

  /** The pixels of a slice, read now if not read ahead. Returned only once. */
  slice(slice: PlannedSlice): Promise<InputImage> {
    return this.#give(sliceKey(slice), () => this.#start(sliceKey(slice), slice.rect, this.#plan.sizePx));
  }

  /** The pixels of a region's context. @throws RangeError if the plan has none. */
  context(region: number): Promise<InputImage> {
    return this.#give(contextKey(region), () => this.#startContext(region));
  }

  /** Aborts all reads. */
  clear(): void {
    for (const read of this.#reads.values()) read.controller.abort();
    this.#reads.clear();
  }

  #startContext(region: number): Read {
    const rect = this.#plan.regions[region]?.context ?? null;
    if (rect === null || this.#plan.contextSizePx === null) throw new RangeError('The plan has no context.');
    return this.#start(contextKey(region), rect, this.#plan.contextSizePx);
  }

  #start(key: string, rect: Level0Rect, sizePx: number): Read {
    const known = this.#reads.get(key);
    if (known !== undefined) return known;
    const controller = new AbortController();
    const image = this.#reader.read(rect, sizePx, controller.signal).then((pixels) => {
      this.times.readMs += pixels.times?.readMs ?? 0;
      this.times.decodeMs += pixels.times?.decodeMs ?? 0;
      this.times.preprocessMs += pixels.times?.preprocessMs ?? 0;
      return pixels;
    });
    // The caller handles a failure later; this avoids an unhandled rejection until then.
    image.catch(() => undefined);
    const read = { controller, image };
    this.#reads.set(key, read);
    return read;
  }

  #give(key: string, start: () => Read): Promise<InputImage> {
    const read = this.#reads.get(key) ?? start();
    return read.image.finally(() => this.#reads.delete(key));
  }
}

function sliceKey(slice: PlannedSlice): string {
  return `s${slice.index}`;
}

function contextKey(region: number): string {
  return `c${region}`;
}
