/** A small picture of the whole slide, put together from its tiles. */
import type { SlideMetadata } from '../../slide/slide.ts';
import type { TileColours } from '../../worker/protocol.ts';
import type { SlideClient } from '../../worker/slide-client.ts';

/** Most tiles that are read for a thumbnail. Large files without a pyramid exceed it. */
const mostTiles = 600;

/**
 * An image of the whole slide, assembled from its tiles; longest side about `longestPx`.
 * @returns null for a slide without a level small enough to read as a whole
 */
export async function pictureOfSlide(
  client: SlideClient,
  slideId: number,
  metadata: SlideMetadata,
  colours: TileColours,
  longestPx: number,
): Promise<HTMLCanvasElement | null> {
  const { levels } = metadata;
  const at = Math.max(
    0,
    levels.findLastIndex(({ width, height }) => Math.max(width, height) >= longestPx),
  );
  const level = levels[at];
  if (level === undefined) return null;
  const columns = Math.ceil(level.width / level.tileWidth);
  const rows = Math.ceil(level.height / level.tileHeight);
  if (columns * rows > mostTiles) return null;
  const scale = Math.min(1, longestPx / Math.max(level.width, level.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(level.width * scale));
  canvas.height = Math.max(1, Math.round(level.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return null;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  const draw = async (column: number, row: number): Promise<void> => {
    const bitmap = await client.tile(slideId, at, column, row, colours).catch(() => null);
    if (bitmap === null) return;
    const x = Math.round(column * level.tileWidth * scale);
    const y = Math.round(row * level.tileHeight * scale);
    // Rounded to whole pixels, so that there are no seams.
    const right = Math.round((column * level.tileWidth + bitmap.width) * scale);
    const bottom = Math.round((row * level.tileHeight + bitmap.height) * scale);
    context.drawImage(bitmap, x, y, right - x, bottom - y);
    bitmap.close();
  };
  for (let row = 0; row < rows; row++) {
    await Promise.all(Array.from({ length: columns }, (_, column) => draw(column, row)));
  }
  return canvas;
}
