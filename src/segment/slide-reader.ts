/** The engine's pixels, read from a slide. */
import { readRegion } from '../slide/region.ts';
import type { Slide, SlidePlatform } from '../slide/slide.ts';
import type { SliceReader } from './read-ahead.ts';

/** Reads slices and contexts of `slide`; what lies off the slide is white. The slide stays the caller's. */
export function slideReader(slide: Slide, platform: SlidePlatform): SliceReader {
  return {
    read: (rect, sizePx, signal) =>
      readRegion(slide, rect, sizePx, sizePx, { decoder: platform.decoder, signal }),
  };
}
