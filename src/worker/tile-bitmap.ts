/** Tile payloads as bitmaps, by the browser's own decoders. */
import { tileBitmap } from '../slide/browser-platform.ts';
import type { TilePayload } from '../slide/slide.ts';

/**
 * The payload cropped to at most `maxWidth × maxHeight` pixels from its top left; null when missing.
 * @param profile ICC profile to convert colours to sRGB by; null for colours as stored.
 */
export async function toBitmap(
  payload: TilePayload,
  maxWidth: number,
  maxHeight: number,
  profile: Uint8Array | null,
): Promise<ImageBitmap | null> {
  const whole = await tileBitmap(payload, undefined, profile);
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
