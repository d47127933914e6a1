/** Tile payloads as bitmaps, by the browser's own decoders. Needs `createImageBitmap` and `ImageData`. */
import type { TilePayload } from '../slide/slide.ts';

/** Scanner colours are shown as stored: no profile conversion, no premultiplication. */
const asStored: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };

/** The payload cropped to at most `maxWidth × maxHeight` pixels from its top left; null when missing. */
export async function toBitmap(
  payload: TilePayload,
  maxWidth: number,
  maxHeight: number,
): Promise<ImageBitmap | null> {
  if (payload.kind === 'missing') return null;
  if (payload.kind === 'pixels') {
    const { data, width, height } = payload.image;
    const image = new ImageData(data, width, height);
    return createImageBitmap(image, 0, 0, Math.min(width, maxWidth), Math.min(height, maxHeight), asStored);
  }
  const blob = new Blob([payload.bytes], { type: payload.type });
  const whole = await createImageBitmap(blob, asStored);
  if (whole.width <= maxWidth && whole.height <= maxHeight) return whole;
  const cropped = await createImageBitmap(
    whole,
    0,
    0,
    Math.min(whole.width, maxWidth),
    Math.min(whole.height, maxHeight),
    asStored,
  );
  whole.close();
  return cropped;
}
