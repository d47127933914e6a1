/**
 * Detects tissue on a small picture of the slide by saturation: glass is grey or white under any light, and stained tissue
 * is not.
 */
import type { InputImage } from '../runtime/segmenter.ts';
import { bestLevel } from '../slide/region.ts';
import { SlideError, type Level0Rect, type SlideMetadata } from '../slide/slide.ts';
import type { SliceReader } from './slice-reader.ts';

/** Row by row from the slide's top left; 1 is tissue. Structured-cloneable. */
export interface TissueMask {
  readonly width: number;
  readonly height: number;
  readonly tissue: Uint8Array<ArrayBuffer>;
  /** Level-0 pixels per pixel of the mask, per axis. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** Saturation, 0 to 255, above which a pixel counts as stained. */
  readonly threshold: number;
  /** Tiles that were looked at, where these are not all: what lies between them may have been missed. */
  readonly sampled?: { readonly tiles: number; readonly of: number };
}

/**
 * Bounds of Otsu's threshold. On a slide full of tissue, Otsu would separate strong from weak stain, but a twelfth of full
 * saturation is always stained. Values below the lower bound are noise.
 */
const thresholds = { least: 6, most: 20 } as const;

/** Grey pixels with a brightest channel below this are not glass, but pigment, folds or pen. Pure black is padding of the scanner. */
const dark = { most: 130, least: 12 } as const;

/** A slice with less tissue than this share of its area is background. */
const leastShare = 0.002;

/** Saturation of HSV, 0 to 255, rounded. */
export function saturation(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  return most === 0 ? 0 : Math.round((255 * (most - Math.min(red, green, blue))) / most);
}

/**
 * Otsu's threshold: maximises the variance between values up to it and values above it. The smallest one if there are
 * several; 0 for a histogram of one value.
 * N. Otsu, A threshold selection method from gray-level histograms, IEEE SMC 9 (1979).
 */
export function otsuThreshold(histogram: ArrayLike<number>): number {
  let count = 0;
  let sum = 0;
  for (let value = 0; value < histogram.length; value++) {
    count += histogram[value] ?? 0;
    sum += value * (histogram[value] ?? 0);
  }
  let below = 0;
  let sumBelow = 0;
  let best = 0;
  let mostVariance = 0;
  for (let value = 0; value < histogram.length; value++) {
    below += histogram[value] ?? 0;
    sumBelow += value * (histogram[value] ?? 0);
    const above = count - below;
    if (below === 0 || above === 0) continue;
    const variance = below * above * (sumBelow / below - (sum - sumBelow) / above) ** 2;
    if (variance <= mostVariance) continue;
    mostVariance = variance;
    best = value;
  }
  return best;
}

/**
 * Detects tissue in a picture of the whole slide.
 * @param image covers the slide from its top left; may extend beyond it, in white.
 * @param scale level-0 pixels per pixel of the image, per axis.
 * @param slide level-0 size, to which the mask is cropped.
 */
export function detectTissue(
  image: InputImage,
  scale: { readonly x: number; readonly y: number },
  slide: { readonly width: number; readonly height: number },
): TissueMask {
  const width = Math.min(image.width, Math.ceil(slide.width / scale.x));
  const height = Math.min(image.height, Math.ceil(slide.height / scale.y));
  const values = new Uint8Array(width * height);
  const isDark = new Uint8Array(width * height);
  const histogram = new Uint32Array(256);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 4 * (y * image.width + x);
      const red = image.data[from] ?? 0;
      const green = image.data[from + 1] ?? 0;
      const blue = image.data[from + 2] ?? 0;
      const value = saturation(red, green, blue);
      const most = Math.max(red, green, blue);
      const at = y * width + x;
      values[at] = value;
      if (most < dark.most && most > dark.least) isDark[at] = 1;
      histogram[value] = (histogram[value] ?? 0) + 1;
    }
  }
  const threshold = Math.min(thresholds.most, Math.max(thresholds.least, otsuThreshold(histogram)));
  const raw = values.map((value, at) => (value > threshold || isDark[at] === 1 ? 1 : 0));
  return {
    width,
    height,
    tissue: withoutSpecks(raw, width, height),
    scaleX: scale.x,
    scaleY: scale.y,
    threshold,
  };
}

/** Keeps pixels with at least three neighbours set, to remove noise and dust. */
function withoutSpecks(raw: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  const kept = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (raw[y * width + x] === 0) continue;
      let around = 0;
      for (let j = Math.max(0, y - 1); j <= Math.min(height - 1, y + 1); j++) {
        for (let i = Math.max(0, x - 1); i <= Math.min(width - 1, x + 1); i++) {
          around += raw[j * width + i] ?? 0;
        }
      }
      if (around > 3) kept[y * width + x] = 1;
    }
  }
  return kept;
}

/**
 * What a reader must know of how tissue was found; null for nothing.
 * @param glass `skip`: slices without tissue are left out.
 */
export function tissueNote(mask: TissueMask | null, glass: 'skip' | 'include' | null): string | null {
  if (glass === null) return null;
  if (mask === null) {
    return 'Tissue could not be found: the file has no small level. Every slice counts as tissue.';
  }
  if (mask.sampled === undefined) return null;
  const { tiles, of } = mask.sampled;
  const remedy =
    glass === 'skip' ? ' Small pieces between them may be left out; include background to be sure.' : '';
  return `The file has no small level. Tissue was found from ${tiles} of its ${of} tiles.${remedy}`;
}

/** Share of tissue in a rectangle, 0 to 1, by the centres of mask pixels. */
export function tissueShare(mask: TissueMask, rect: Level0Rect): number {
  // At least one pixel, even for a tiny rectangle.
  const left = Math.max(0, Math.min(mask.width - 1, Math.floor(rect.x / mask.scaleX)));
  const top = Math.max(0, Math.min(mask.height - 1, Math.floor(rect.y / mask.scaleY)));
  const right = Math.max(left + 1, Math.min(mask.width, Math.ceil((rect.x + rect.width) / mask.scaleX)));
  const bottom = Math.max(top + 1, Math.min(mask.height, Math.ceil((rect.y + rect.height) / mask.scaleY)));
  let tissue = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) tissue += mask.tissue[y * mask.width + x] ?? 0;
  }
  return tissue / ((right - left) * (bottom - top));
}

/** Whether a rectangle has enough tissue to be segmented. */
export function hasTissue(mask: TissueMask, rect: Level0Rect): boolean {
  return tissueShare(mask, rect) > leastShare;
}

/** Side of the picture, and minimum side of a slice in it, pixels. */
const leastPx = 512;
const mostPx = 1536;
const pxPerSlice = 12;

/** Maximum size of the level to read, pixels: larger ones are too slow for detecting tissue. */
const mostLevelPixels = 1.5e8;

/** If the picture has broken tiles, it is read in this many parts per side. */
const partsPerSide = 8;

/** Colour of unreadable parts, dark grey, which counts as tissue. */
const unread = 100;

/**
 * @param cellWidth level-0 pixels of a slice's cell.
 * @returns null if there is no picture of the slide in bounded time; everything then counts as tissue.
 * @throws SlideError when the whole slide can't be read.
 */
export async function readTissue(
  reader: SliceReader,
  slide: SlideMetadata,
  cellWidth: number,
  signal: AbortSignal,
): Promise<TissueMask | null> {
  const side = Math.max(slide.width, slide.height);
  const sizePx = Math.max(
    1,
    Math.min(mostPx, Math.max(leastPx, Math.ceil((side / cellWidth) * pxPerSlice)), side),
  );
  const scale = side / sizePx;
  const level = slide.levels[bestLevel(slide, scale)];
  if (level === undefined) return null;
  if (level.width * level.height > mostLevelPixels) {
    const picture = (await reader.picture?.(sizePx, signal)) ?? null;
    if (picture === null) return null;
    const mask = detectTissue(picture, { x: scale, y: scale }, slide);
    if (picture.gap === 0) return mask;
    const tissue = widened(mask, Math.ceil(picture.gap / scale));
    return { ...mask, tissue, sampled: { tiles: picture.read, of: picture.total } };
  }
  const image = await reader
    .read({ x: 0, y: 0, width: side, height: side }, sizePx, signal)
    .catch((error: unknown) => {
      if (!isBrokenTile(error)) throw error;
      return readInParts(reader, sizePx, scale, signal);
    });
  return detectTissue(image, { x: scale, y: scale }, slide);
}

/** Tissue and what is at most `px` pixels from it on both axes: between two samples nobody knows where it ends. */
function widened({ tissue, width, height }: TissueMask, px: number): Uint8Array<ArrayBuffer> {
  const across = new Uint8Array(width * height);
  const both = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) widenLine(tissue, across, y * width, 1, width, px);
  for (let x = 0; x < width; x++) widenLine(across, both, x, width, height, px);
  return both;
}

/** One line of `widened`: `count` values from `at`, `step` apart. */
function widenLine(
  from: Uint8Array,
  to: Uint8Array,
  at: number,
  step: number,
  count: number,
  px: number,
): void {
  let last = -Infinity;
  for (let i = 0; i < count; i++) {
    if (from[at + i * step] === 1) last = i;
    if (i - last <= px) to[at + i * step] = 1;
  }
  last = Infinity;
  for (let i = count - 1; i >= 0; i--) {
    if (from[at + i * step] === 1) last = i;
    if (last - i <= px) to[at + i * step] = 1;
  }
}

/** The picture without its unreadable parts, so that a broken tile does not fail the run. */
async function readInParts(
  reader: SliceReader,
  sizePx: number,
  scale: number,
  signal: AbortSignal,
): Promise<InputImage> {
  const data = new Uint8ClampedArray(4 * sizePx * sizePx).fill(unread);
  const partPx = Math.ceil(sizePx / partsPerSide);
  for (let top = 0; top < sizePx; top += partPx) {
    for (let left = 0; left < sizePx; left += partPx) {
      const rect = { x: left * scale, y: top * scale, width: partPx * scale, height: partPx * scale };
      try {
        const part = await reader.read(rect, partPx, signal);
        const width = Math.min(partPx, sizePx - left);
        for (let y = 0; y < Math.min(partPx, sizePx - top); y++) {
          const from = 4 * y * partPx;
          data.set(part.data.subarray(from, from + 4 * width), 4 * ((top + y) * sizePx + left));
        }
      } catch (error) {
        if (!isBrokenTile(error)) throw error;
      }
    }
  }
  return { width: sizePx, height: sizePx, data };
}

function isBrokenTile(error: unknown): boolean {
  return error instanceof SlideError && error.code === 'broken-tile';
}
