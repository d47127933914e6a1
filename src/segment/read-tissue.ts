/** Finding the tissue of a slide: reads a small picture of it. */
import { bestLevel } from '../slide/region.ts';
import type { InputImage } from '../runtime/segmenter.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import { SlideError } from '../slide/slide.ts';
import type { SliceReader } from './read-ahead.ts';
import type { TissueMask } from './tissue.ts';
import { detectTissue } from './tissue.ts';

/** Side of the picture in pixels, and how many of them a slice should have at least. */
const leastPx = 512;
const mostPx = 1536;
const pxPerSlice = 12;

/** A slide without a small level is not read whole just to find its tissue: pixels of the level. */
const mostLevelPixels = 1.5e8;

/** Where a tile of the picture is broken, the picture is read in so many parts a side. */
const partsPerSide = 8;

/** What can't be read counts as tissue: it is dark, and grey. */
const unread = 100;

/**
 * @param cellWidth level-0 pixels of a slice's cell.
 * @returns null where the slide has no level that is small enough: then everything counts as tissue.
 * @throws SlideError when the slide as a whole can't be read.
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
  const image = await reader
    .read({ x: 0, y: 0, width: side, height: side }, sizePx, signal)
    .catch((error: unknown) => {
      if (!isBrokenTile(error)) throw error;
      return readInParts(reader, sizePx, scale, signal);
    });
  return detectTissue(image, { x: scale, y: scale }, slide);
}

/** The same picture without the parts that can't be read: a broken tile must not cost the whole run. */
async function readInParts(
  reader: SliceReader,
  sizePx: number,
  scale: number,
  signal: AbortSignal,
): Promise<InputImage> {
  const data = new Uint8ClampedArray(4 * sizePx * sizePx).fill(unread);
  const partPx = Math.ceil(sizePx / partsPerSide);
  for (let top = 0; top < sizePx; top += partPx) {
    for (let left = 0; left < sizePx; left += partPx) {
      const rect = { x: left * scale, y: top * scale, width: partPx * scale, height: partPx * scale };
      try {
        const part = await reader.read(rect, partPx, signal);
        const width = Math.min(partPx, sizePx - left);
        for (let y = 0; y < Math.min(partPx, sizePx - top); y++) {
          const from = 4 * y * partPx;
          data.set(part.data.subarray(from, from + 4 * width), 4 * ((top + y) * sizePx + left));
        }
      } catch (error) {
        if (!isBrokenTile(error)) throw error;
      }
    }
  }
  return { width: sizePx, height: sizePx, data };
}

function isBrokenTile(error: unknown): boolean {
  return error instanceof SlideError && error.code === 'broken-tile';
}
