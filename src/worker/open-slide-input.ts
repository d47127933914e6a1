/** Opens what the page asked for, in a worker. */
import { browserPlatform } from '../slide/browser-platform.ts';
import { fileByteSource } from '../slide/byte-source.ts';
import { openSlide, openSlideUrl } from '../slide/open-slide.ts';
import type { Slide } from '../slide/slide.ts';
import type { SlideInput } from './protocol.ts';

/** @throws SlideError when the input is no slide or can't be read. */
export function openSlideInput(input: SlideInput): Promise<Slide> {
  const platform = browserPlatform();
  return input.kind === 'url'
    ? openSlideUrl(input.url, platform)
    : openSlide(
        input.files.map((file) => fileByteSource(file)),
        platform,
      );
}
