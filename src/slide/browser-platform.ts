/**
 * Slide reading in the browser, in page and worker alike: images decoded by `createImageBitmap`, off the
 * thread that asks, without any colour conversion or premultiplication.
 */
import { Jpeg2000Pool } from './jpeg2000/pool.ts';
import { abortReason } from './shared-tasks.ts';
import type { RgbaImage, SlidePlatform, TilePayload } from './slide.ts';

const AS_STORED: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };

const pool = new Jpeg2000Pool();

/** The platform for page and worker. */
export function browserPlatform(): SlidePlatform {
  return {
    jpeg2000: (bytes, colours, signal) => pool.decode(bytes, colours, signal),
    decoder: {
      async decode(bytes, type, signal) {
        if (signal?.aborted) throw abortReason(signal);
        const bitmap = await createImageBitmap(new Blob([bytes], { type }), AS_STORED);
        try {
          if (signal?.aborted) throw abortReason(signal);
          return bitmapPixels(bitmap);
        } finally {
          bitmap.close();
        }
      },
    },
  };
}

/**
 * A tile as a bitmap for drawing; null where the slide does not hold it. Encoded tiles go straight to
 * the native decoder: their pixels never pass through script.
 * @throws the decoder's error when the tile is damaged; an AbortError when `signal` aborts.
 */
export async function tileBitmap(payload: TilePayload, signal?: AbortSignal): Promise<ImageBitmap | null> {
  if (signal?.aborted) throw abortReason(signal);
  if (payload.kind === 'missing') return null;
  if (payload.kind === 'pixels') {
    const { data, width, height } = payload.image;
    return createImageBitmap(new ImageData(data, width, height), AS_STORED);
  }
  const bitmap = await createImageBitmap(new Blob([payload.bytes], { type: payload.type }), AS_STORED);
  if (signal?.aborted) {
    bitmap.close();
    throw abortReason(signal);
  }
  return bitmap;
}

function bitmapPixels(bitmap: ImageBitmap): RgbaImage {
  const { width, height } = bitmap;
  const canvas = scratchCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('The browser gives no 2D canvas.');
  context.globalCompositeOperation = 'copy';
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, data: data };
}

let scratch: OffscreenCanvas | undefined;

/** One canvas for all tiles of a size: a new one for each would be most of the work. */
function scratchCanvas(width: number, height: number): OffscreenCanvas {
  if (scratch?.width !== width || scratch.height !== height) scratch = new OffscreenCanvas(width, height);
  return scratch;
}
