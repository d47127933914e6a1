/** An image's file as a slide, through the app's own reader. */
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { openSlide } from '../../slide/open-slide.ts';
import { pathByteSource } from '../../slide/path-byte-source.node.ts';
import type { Slide } from '../../slide/slide.ts';

/** @throws SlideError when it can't be read. */
export async function openImage(file: string): Promise<Slide> {
  return openSlide([await pathByteSource(file)], nodePlatform());
}
