/**
 * Slide reading in the browser, in page and workers: `createImageBitmap` decodes images off the calling
 * thread, without colour conversion or premultiplication.
 */
import { checkDecodable, encodedSize } from './encoded-image.ts';
import { jpegWithProfile, pngWithProfile } from './icc-files.ts';
import { Jpeg2000Pool } from './jpeg2000/pool.ts';
import { reducedJpeg } from './reduced-jpeg.ts';
import { SamplePool } from './sample-codec/pool.ts';
import { abortReason } from '../base/abort.ts';
import { answeredIn, NoAnswer } from '../base/awake-time.ts';
import { shrinkImage, shrunk } from './shrink.ts';
import type { RgbaImage, Shrink, SlidePlatform, TilePayload } from './slide.ts';

/** Colours as in the file. */
export const asStored: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };

/** Converted to sRGB by the file's embedded profile. */
const managed: ImageBitmapOptions = { colorSpaceConversion: 'default', premultiplyAlpha: 'none' };

/** Medium quality halves by boxes, so that pixels are means. */
const reduced = (
  { width, height }: { readonly width: number; readonly height: number },
  shrink: Shrink,
): ImageBitmapOptions => ({
  resizeWidth: shrunk(width, shrink),
  resizeHeight: shrunk(height, shrink),
  resizeQuality: 'medium',
});

const pool = new Jpeg2000Pool();
const samplePool = new SamplePool();

/** Milliseconds after which a decoder of the browser counts as hanging; with all cores busy, a tile may take seconds. */
const decodeMs = 60_000;

/**
 * `createImageBitmap`, which rejects when there is no answer.
 * @param crop of the source's top left corner; all of it without.
 * @throws NoAnswer; the decoder's error.
 */
export function decodedBitmap(
  source: Blob | ImageData | ImageBitmap,
  options: ImageBitmapOptions,
  crop?: { readonly width: number; readonly height: number },
): Promise<ImageBitmap> {
  return answeredIn(
    crop === undefined
      ? createImageBitmap(source, options)
      : createImageBitmap(source, 0, 0, crop.width, crop.height, options),
    decodeMs,
    () => new NoAnswer(`The browser's decoder gave no answer for ${decodeMs / 1000} seconds.`),
    (bitmap) => bitmap.close(),
  );
}

/** The platform for the page and its workers. */
export function browserPlatform(): SlidePlatform {
  return {
    jpeg2000: (bytes, colours, signal) => pool.decode(bytes, colours, signal),
    samples: (bytes, format, signal) => samplePool.decode(bytes, format, signal),
    decoder: {
      async decode(bytes, type, signal, shrink = 1) {
        if (signal?.aborted) throw abortReason(signal);
        checkDecodable(bytes, type);
        const size = shrink === 1 ? null : encodedSize(bytes, type);
        const quick =
          size === null || type !== 'image/jpeg' ? null : await reducedJpeg(bytes, size, shrink, decodeMs);
        const bitmap =
          quick ??
          (await decodedBitmap(
            new Blob([bytes], { type }),
            size === null ? asStored : { ...asStored, ...reduced(size, shrink) },
          ));
        try {
          if (signal?.aborted) throw abortReason(signal);
          const pixels = bitmapPixels(bitmap);
          return size === null ? shrinkImage(pixels, shrink) : pixels;
        } finally {
          bitmap.close();
        }
      },
    },
  };
}

/**
 * A tile as a bitmap for drawing; null where the slide has no tile. Encoded tiles go straight to the native
 * decoder, so their pixels never pass through script.
 * @param profile the slide's ICC profile (`slide.iccProfile()`), for converting colours to sRGB; without one,
 * colours are as stored. For display only: networks are trained on colours as stored.
 * @throws the decoder's error when the tile is damaged; an AbortError when `signal` aborts.
 */
export async function tileBitmap(
  payload: TilePayload,
  signal?: AbortSignal,
  profile?: Uint8Array | null,
): Promise<ImageBitmap | null> {
  if (signal?.aborted) throw abortReason(signal);
  if (payload.kind === 'missing') return null;
  const bitmap = await decodedBitmap(...(await bitmapSource(payload, profile ?? null)));
  if (signal?.aborted) {
    bitmap.close();
    throw abortReason(signal);
  }
  return bitmap;
}

async function bitmapSource(
  payload: Exclude<TilePayload, { kind: 'missing' }>,
  profile: Uint8Array | null,
): Promise<[Blob | ImageData, ImageBitmapOptions]> {
  if (payload.kind === 'pixels') {
    const { image } = payload;
    return profile === null
      ? [new ImageData(image.data, image.width, image.height), asStored]
      : asPng(image, profile);
  }
  const { bytes, type } = payload;
  checkDecodable(bytes, type);
  if (profile === null) return [new Blob([bytes], { type }), asStored];
  if (type === 'image/jpeg') return [new Blob([jpegWithProfile(bytes, profile)], { type }), managed];
  // PNG and WebP may carry their own profile, which would have to be removed first.
  const bitmap = await decodedBitmap(new Blob([bytes], { type }), asStored);
  try {
    return asPng(bitmapPixels(bitmap), profile);
  } finally {
    bitmap.close();
  }
}

function asPng(image: RgbaImage, profile: Uint8Array): [Blob, ImageBitmapOptions] {
  return [new Blob([pngWithProfile(image, profile)], { type: 'image/png' }), managed];
}

function bitmapPixels(bitmap: ImageBitmap): RgbaImage {
  const { width, height } = bitmap;
  const canvas = scratchCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('The browser provides no 2D canvas.');
  context.globalCompositeOperation = 'copy';
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, data: data };
}

let scratch: OffscreenCanvas | undefined;

/** One canvas for all tiles of a size: creating one per tile would take most of the time. */
function scratchCanvas(width: number, height: number): OffscreenCanvas {
  if (scratch?.width !== width || scratch.height !== height) scratch = new OffscreenCanvas(width, height);
  return scratch;
}
