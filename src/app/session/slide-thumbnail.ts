/** Small pictures of slides, from a level that is small already. */
import type { AssociatedImage, SlideMetadata } from '../../slide/slide.ts';
import type { TileLook } from '../../worker/protocol.ts';
import type { SlideClient } from '../../worker/slide-client.ts';

/** CSS pixels on the start page, twice for dense screens. */
export const thumbnailSize = { width: 320, height: 200 } as const;
/** Largest side of a level that is read for it, and most tiles. */
const largest = 2048;
const mostTiles = 16;

/** The coarsest level that is at least as large as a thumbnail, else the coarsest; null where that is large itself. */
export function thumbnailLevel(levels: SlideMetadata['levels']): number | null {
  const { width, height } = thumbnailSize;
  const enough = levels.findLastIndex((level) => level.width >= width && level.height >= height);
  const index = enough < 0 ? levels.length - 1 : enough;
  const level = levels[index];
  if (level === undefined || Math.max(level.width, level.height) > largest) return null;
  const tiles = Math.ceil(level.width / level.tileWidth) * Math.ceil(level.height / level.tileHeight);
  return tiles <= mostTiles ? index : null;
}

/** A thumbnail is rounded; what differs more may show the label. */
const mostShapeDifference = 0.05;

/** Whether an image that the file stores besides the slide shows the tissue and nothing else: it may be shown unasked. */
export function isTissueOnly(
  image: AssociatedImage,
  slide: Pick<SlideMetadata, 'width' | 'height'>,
): boolean {
  const ratio = image.width / image.height / (slide.width / slide.height);
  return image.name === 'thumbnail' && Math.abs(Math.log(ratio)) < mostShapeDifference;
}

/**
 * A JPEG that the middle of the slide fills, as a `data:` URL; null for a slide with neither small levels nor a
 * thumbnail of the tissue alone. Rejects when it can't be read.
 */
export async function drawThumbnail(
  client: Pick<SlideClient, 'tile' | 'associatedImage'>,
  slideId: number,
  slide: Pick<SlideMetadata, 'width' | 'height' | 'levels' | 'associated'>,
  look: TileLook,
): Promise<string | null> {
  const index = thumbnailLevel(slide.levels);
  const level = index === null ? undefined : slide.levels[index];
  const stored = slide.associated.find((image) => isTissueOnly(image, slide));
  const source = level ?? stored;
  const canvas = document.createElement('canvas');
  Object.assign(canvas, thumbnailSize);
  const context = canvas.getContext('2d');
  if (context === null || source === undefined) return null;
  const scale = Math.max(canvas.width / source.width, canvas.height / source.height);
  context.translate((canvas.width - scale * source.width) / 2, (canvas.height - scale * source.height) / 2);
  context.scale(scale, scale);
  const draw = (bitmap: ImageBitmap | null, x: number, y: number): void => {
    if (bitmap !== null) context.drawImage(bitmap, x, y);
    bitmap?.close();
  };
  if (index === null || level === undefined) {
    draw(await client.associatedImage(slideId, 'thumbnail'), 0, 0);
    return canvas.toDataURL('image/jpeg', 0.7);
  }
  for (let row = 0; row * level.tileHeight < level.height; row++) {
    for (let column = 0; column * level.tileWidth < level.width; column++) {
      const bitmap = await client.tile(slideId, index, column, row, look, 'exact');
      draw(bitmap, column * level.tileWidth, row * level.tileHeight);
    }
  }
  return canvas.toDataURL('image/jpeg', 0.7);
}
