/**
 * Large JPEGs reduced while they are decoded, by WebCodecs: a tenth of the time of `createImageBitmap`, which decodes all
 * pixels first. Browsers without it, and pages of an unsafe origin, do without.
 */
import { answeredIn, NoAnswer } from '../base/awake-time.ts';
import type { Shrink } from './slide.ts';
import { shrunk } from './shrink.ts';

/** Of smaller images there is nothing to gain. */
const leastPixels = 2 ** 22;

/**
 * @param ms after which the decoder counts as hanging
 * @returns null where the browser can't; then the whole image is to be decoded, which also says what is wrong with it.
 */
export async function reducedJpeg(
  bytes: Uint8Array<ArrayBuffer>,
  { width, height }: { readonly width: number; readonly height: number },
  shrink: Shrink,
  ms: number,
): Promise<ImageBitmap | null> {
  if (width * height < leastPixels || !('ImageDecoder' in globalThis)) return null;
  const size = { width: shrunk(width, shrink), height: shrunk(height, shrink) };
  let decoder: ImageDecoder | null = null;
  try {
    decoder = new ImageDecoder({
      type: 'image/jpeg',
      data: bytes,
      colorSpaceConversion: 'none',
      desiredWidth: size.width,
      desiredHeight: size.height,
    });
    const noAnswer = (): Error => new NoAnswer('The decoder gave no answer.');
    const { image } = await answeredIn(decoder.decode(), ms, noAnswer, (late) => late.image.close());
    try {
      return await createImageBitmap(image, {
        premultiplyAlpha: 'none',
        resizeWidth: size.width,
        resizeHeight: size.height,
        resizeQuality: 'medium',
      });
    } finally {
      image.close();
    }
  } catch {
    return null;
  } finally {
    decoder?.close();
  }
}
