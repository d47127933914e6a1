/**
 * Images prepared for training: pixels and classes in memory at the slice's resolution, so that drawing a
 * sample is a copy. 12 × 10 mm at 2.4 µm/px are 20 megapixels, 80 MB.
 */
import { nodePlatform } from '../slide/node-platform.node.ts';
import { readRegion } from '../slide/region.ts';
import type { Slide, SlideMpp } from '../slide/slide.ts';
import { knownMpp, type DatasetItem } from './datasets/dataset.ts';

/** RGB and class per pixel, row by row, at `umPerPx`. */
export interface LabelledImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly umPerPx: number;
  /** Weight of the dataset's item. */
  readonly weight: number;
  /** [height, width, 3], 0 to 255. */
  readonly rgb: Uint8Array;
  /** [height, width], class index, or `uncounted` for pixels that are neither drawn nor trained on. */
  readonly classes: Uint8Array;
}

/** The class of pixels that do not count. No network has as many classes. */
export const uncounted = 255;

/** Rows to read at a time; limits memory. */
const rowsPerRead = 512;

/**
 * Reads a whole image with its classes at a resolution.
 * @throws SlideError, AnnotationError; DatasetError, also when the µm per pixel of the image is unknown.
 */
export async function prepareImage(item: DatasetItem, umPerPx: number): Promise<LabelledImage> {
  const slide = await item.open();
  try {
    const mpp = knownMpp(slide, item);
    const width = Math.floor((slide.metadata.width * mpp.x) / umPerPx);
    const height = Math.floor((slide.metadata.height * mpp.y) / umPerPx);
    const rgb = await readRgb(slide, mpp, umPerPx, width, height);
    const area = { x: 0, y: 0, width: (width * umPerPx) / mpp.x, height: (height * umPerPx) / mpp.y };
    const classes = shared(width * height);
    classes.set((await item.truth())(area, width, height));
    const counted = (await item.counted?.())?.(area, width, height);
    counted?.forEach((counts, i) => {
      if (counts === 0) classes[i] = uncounted;
    });
    return { name: item.name, width, height, umPerPx, weight: item.weight, rgb, classes };
  } finally {
    slide.close();
  }
}

/** In memory that threads share: large images are not copied to each. */
function shared(bytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes));
}

async function readRgb(
  slide: Slide,
  mpp: SlideMpp,
  umPerPx: number,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const { decoder } = nodePlatform();
  const rgb = shared(width * height * 3);
  for (let top = 0; top < height; top += rowsPerRead) {
    const rows = Math.min(rowsPerRead, height - top);
    const rect = {
      x: 0,
      y: (top * umPerPx) / mpp.y,
      width: (width * umPerPx) / mpp.x,
      height: (rows * umPerPx) / mpp.y,
    };
    const { data } = await readRegion(slide, rect, width, rows, { decoder });
    for (let i = 0, to = top * width * 3; i < data.length; i += 4, to += 3) {
      rgb[to] = data[i]!;
      rgb[to + 1] = data[i + 1]!;
      rgb[to + 2] = data[i + 2]!;
    }
  }
  return rgb;
}
