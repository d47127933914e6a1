/** What a slide's stains are estimated from: its glass, and a sample of its tissue. */
import { readPicture } from '../slide/picture.ts';
import { readRegion } from '../slide/region.ts';
import { SlideError, type ImageDecoder, type Slide } from '../slide/slide.ts';
import { readTissue, type TissueMask } from '../segment/tissue.ts';
import { slideReader } from '../segment/slice-reader.ts';
import { pureWhite, whiteOfGlass, type WhiteLevel } from './optical-density.ts';
import { blocksOf, countedIn, readBlock, type BlockOptions } from './stained-blocks.ts';

/** Side of the cells that the tissue mask must resolve, µm: as the slices of the networks that come with the program. */
const cellUm = 224;
/** The same, level-0 pixels, of a slide without µm per pixel. */
const cellPx = 512;

/**
 * The tissue mask of a slide, as segmentation finds it; null if it can't be found.
 * @param mppX µm per level-0 pixel; null if unknown.
 * @throws SlideError, an AbortError.
 */
export function tissueOfSlide(
  slide: Slide,
  decoder: ImageDecoder,
  mppX: number | null,
  signal: AbortSignal = new AbortController().signal,
): Promise<TissueMask | null> {
  const cellWidth = mppX === null ? cellPx : cellUm / mppX;
  return readTissue(slideReader(slide, { decoder }), slide.metadata, cellWidth, signal);
}

/**
 * The light through the slide's glass (`whiteOfGlass`); pure white where there is no glass, or it can't be read.
 * @throws SlideError when the slide as a whole can't be read; an AbortError.
 */
export async function whiteOfSlide(
  slide: Slide,
  decoder: ImageDecoder,
  tissue: TissueMask | null,
  signal?: AbortSignal,
): Promise<WhiteLevel> {
  if (tissue === null) return pureWhite;
  const { width, height } = slide.metadata;
  const side = Math.max(width, height);
  const sizePx = Math.max(1, Math.round(side / tissue.scaleX));
  try {
    const picture =
      (await readPicture(slide, decoder, sizePx, signal)) ??
      (await readRegion(slide, { x: 0, y: 0, width: side, height: side }, sizePx, sizePx, {
        decoder,
        signal,
      }));
    const rgba = new Uint8ClampedArray(4 * tissue.width * tissue.height);
    for (let y = 0; y < tissue.height; y++) {
      const from = 4 * y * picture.width;
      rgba.set(picture.data.subarray(from, from + 4 * tissue.width), 4 * y * tissue.width);
    }
    const isGlass = tissue.tissue.map((value) => 1 - value);
    return whiteOfGlass(rgba, isGlass) ?? pureWhite;
  } catch (error) {
    if (error instanceof SlideError && error.code === 'broken-tile') return pureWhite;
    throw error;
  }
}

/** Blocks that are read, and pixels that are kept of them all. */
const most = { blocks: 16, pixels: 500_000 } as const;

/**
 * Pixels of tissue, evenly spread over the area: RGBA, in no order. Blocks that can't be read are left out.
 * @throws SlideError when the slide as a whole can't be read; an AbortError.
 */
export async function sampleTissue(options: BlockOptions): Promise<Uint8ClampedArray> {
  const smaller = { ...options, side: options.side ?? 256 };
  const stained = blocksOf(smaller).filter((block) => countedIn(block, smaller) !== 'none');
  const step = Math.max(1, stained.length / most.blocks);
  const chosen = stained.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
  const perBlock = Math.floor(most.pixels / Math.max(1, chosen.length));
  const sample = new Uint8ClampedArray(4 * most.pixels);
  let kept = 0;
  for (const block of chosen) {
    const read = await readBlock(block, smaller);
    if (read === null || read === 'broken') continue;
    const pixels = block.width * block.height;
    const stride = Math.max(1, Math.ceil(pixels / perBlock));
    for (let pixel = 0; pixel < pixels; pixel += stride) {
      if (read.counted !== null && read.counted[pixel] !== 1) continue;
      sample.set(read.rgba.subarray(4 * pixel, 4 * pixel + 4), 4 * kept++);
    }
  }
  return sample.subarray(0, 4 * kept);
}
