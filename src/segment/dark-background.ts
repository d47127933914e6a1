/**
 * Pictures with a dark background, as of fluorescence: their files often say nothing of it. Light that passes through a stained
 * section is never nearly black, but scanners also fill with black what they left out.
 */
import { readPicture } from '../slide/picture.ts';
import { readRegion } from '../slide/region.ts';
import { SlideError, type ImageDecoder, type RgbaImage, type Slide } from '../slide/slide.ts';

/** Longest side of the picture, pixels. */
const picturePx = 256;

/** Most tiles to read of a slide without small levels. */
const mostTiles = 64;

/** Brightest channel of a pixel that is nearly black, and of one that may be filling. */
const black = { nearly: 48, filling: 12 } as const;

/** Share of pixels that are nearly black, from which on the background counts as dark. */
const leastBlack = 0.5;

/** Half of what is no filling is below this, brightest channel: light fades into the dark, whereas sections have an edge. */
const dim = 80;

/** Light of one colour: pixels whose darkest channel is beyond the first are at most this share of those that are not black. */
const pure = { beyond: 40, share: 0.1 } as const;

/** Whether a picture of a whole slide is mostly dark, and what is on it shines by itself. */
export function hasDarkBackground({ data }: Pick<RgbaImage, 'data'>): boolean {
  let nearlyBlack = 0;
  let shown = 0;
  let dimmed = 0;
  let mixed = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    const most = Math.max(red, green, blue);
    if (most < black.nearly) nearlyBlack++;
    else if (Math.min(red, green, blue) > pure.beyond) mixed++;
    if (most <= black.filling) continue;
    shown++;
    if (most < dim) dimmed++;
  }
  const pixels = data.length / 4;
  const bright = pixels - nearlyBlack;
  if (bright === 0 || nearlyBlack < leastBlack * pixels) return false;
  return dimmed > shown / 2 || mixed < pure.share * bright;
}

/**
 * The same of a slide, from its smallest level or, without a small one, some of its tiles; null if they can't be read.
 * @throws an AbortError.
 */
export async function slideHasDarkBackground(
  slide: Slide,
  decoder: ImageDecoder,
  signal?: AbortSignal,
): Promise<boolean | null> {
  const { width, height, levels } = slide.metadata;
  const scale = Math.max(width, height) / picturePx;
  const size = {
    width: Math.max(1, Math.floor(width / scale)),
    height: Math.max(1, Math.floor(height / scale)),
  };
  try {
    const sampled = await readPicture(slide, decoder, picturePx, signal, mostTiles);
    if (sampled !== null) return hasDarkBackground({ data: cropped(sampled, size) });
    const rect = { x: 0, y: 0, width, height };
    const level = levels.length - 1;
    return hasDarkBackground(
      await readRegion(slide, rect, size.width, size.height, { decoder, level, signal }),
    );
  } catch (error) {
    // The run, or the view, says what is broken.
    if (error instanceof SlideError) return null;
    throw error;
  }
}

/** Without what is beyond the slide. */
function cropped(
  image: RgbaImage,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    const from = 4 * y * image.width;
    data.set(image.data.subarray(from, from + 4 * width), 4 * y * width);
  }
  return data;
}
