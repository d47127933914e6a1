/** The engine's pixels, read from a slide. */
import type { ReadTimes } from '../slide/read-times.ts';
import { readRegion } from '../slide/region.ts';
import type { Slide, SlidePlatform } from '../slide/slide.ts';
import type { TileCache } from '../slide/tile-cache.ts';
import type { SliceReader } from './read-ahead.ts';

/**
 * Reads slices and contexts of `slide`; what lies off the slide is white. The slide stays the caller's.
 * @param cache where decoded tiles are kept; one for all slides by default.
 */
export function slideReader(slide: Slide, platform: SlidePlatform, cache?: TileCache): SliceReader {
  return {
    read: async (rect, sizePx, signal) => {
      const times: ReadTimes = { readMs: 0, decodeMs: 0, preprocessMs: 0 };
      const options = { decoder: platform.decoder, signal, times, ...(cache === undefined ? {} : { cache }) };
      const pixels = await readRegion(slide, rect, sizePx, sizePx, options);
      return { ...pixels, times };
    },
  };
}
