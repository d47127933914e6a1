/** Decodes what a format delivers as a tile. */
import { abortReason } from '../base/abort.ts';
import { brokenTile } from './broken-tile.ts';
import type { RgbaImage, SlidePlatform, TilePayload } from './slide.ts';

/**
 * The pixels of a tile; null where it is missing.
 * @param file the slide's name, and `where` the tile's, for the message.
 * @throws SlideError `broken-tile`; an AbortError.
 */
export async function payloadPixels(
  payload: TilePayload,
  platform: Pick<SlidePlatform, 'decoder'>,
  file: string,
  where: string,
  signal?: AbortSignal,
): Promise<RgbaImage | null> {
  if (payload.kind === 'missing') return null;
  if (payload.kind === 'pixels') return payload.image;
  try {
    return await platform.decoder.decode(payload.bytes, payload.type, signal);
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    throw brokenTile(file, where, 'Its image data is damaged.', cause);
  }
}
