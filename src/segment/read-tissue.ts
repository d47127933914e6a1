/** Finding the tissue of a slide: reads a small picture of it. */
import { bestLevel } from '../slide/region.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import type { SliceReader } from './read-ahead.ts';
import type { TissueMask } from './tissue.ts';
import { detectTissue } from './tissue.ts';

/** Side of the picture in pixels, and how many of them a slice should have at least. */
const leastPx = 512;
const mostPx = 1536;
const pxPerSlice = 12;

/** A slide without a small level is not read whole just to find its tissue: pixels of the level. */
const mostLevelPixels = 1.5e8;

/**
 * @param cellWidth level-0 pixels of a slice's cell.
 * @returns null where the slide has no level that is small enough: then everything counts as tissue.
 * @throws SlideError when the slide can't be read.
 */
export async function readTissue(
  reader: SliceReader,
  slide: SlideMetadata,
  cellWidth: number,
  signal: AbortSignal,
): Promise<TissueMask | null> {
  const side = Math.max(slide.width, slide.height);
  const sizePx = Math.max(
    1,
    Math.min(mostPx, Math.max(leastPx, Math.ceil((side / cellWidth) * pxPerSlice)), side),
  );
  const scale = side / sizePx;
  const level = slide.levels[bestLevel(slide, scale)];
  if (level === undefined || level.width * level.height > mostLevelPixels) return null;
  const image = await reader.read({ x: 0, y: 0, width: side, height: side }, sizePx, signal);
  return detectTissue(image, { x: scale, y: scale }, slide);
}
