/** Entry of the slide worker: reads and decodes tiles for viewing. */
import { serveRpc } from '../base/rpc.ts';
import { asStored, browserPlatform, decodedBitmap, tileBitmap } from '../slide/browser-platform.ts';
import type { TilePayload } from '../slide/slide.ts';
import { openSlideInput } from './open-slides.ts';
import type { SlideWorkerApi } from './protocol.ts';
import { createSlideService } from './slide-service.ts';

const { decoder } = browserPlatform();

serveRpc<SlideWorkerApi>(globalThis, createSlideService({ openSlide: openSlideInput, decoder, toBitmap }));

/**
 * Decodes a tile with the browser's decoders and crops it to `maxWidth × maxHeight` pixels; null for a missing tile.
 * @param profile ICC profile for conversion to sRGB; null keeps colours as stored.
 */
async function toBitmap(
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
    return await decodedBitmap(whole, asStored, { width, height });
  } finally {
    whole.close();
  }
}
