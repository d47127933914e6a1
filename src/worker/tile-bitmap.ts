/** Tile payloads as bitmaps, by the browser's own decoders. */
import { tileBitmap } from '../slide/browser-platform.ts';
import type { TilePayload } from '../slide/slide.ts';

/** The payload cropped to at most `maxWidth × maxHeight` pixels from its top left; null when missing. */
export async function toBitmap(
  payload: TilePayload,
  maxWidth: number,
  maxHeight: number,
): Promise<ImageBitmap | null> {
  const whole = await tileBitmap(payload);
  if (whole === null || (whole.width <= maxWidth && whole.height <= maxHeight)) return whole;
  const width = Math.min(whole.width, maxWidth);
  const height = Math.min(whole.height, maxHeight);
  try {
    return await createImageBitmap(whole, 0, 0, width, height, {
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
    });
  } finally {
    whole.close();
  }
}
