/** One image with ground truth, segmented and compared. */
import { compare, createComparison, type Comparison } from '../evaluation/comparison.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import type { FinishedSlice } from '../segment/engine.ts';
import type { ClassesIn, DatasetItem } from '../training/datasets/dataset.ts';
import { planFor, runOnSlide } from './run-model.ts';

/**
 * Segments an image with the engine and compares it with its ground truth, slice by slice.
 * @param overlap share of a slice in common with its neighbour
 * @returns what was counted, and how many slices could not be read
 * @throws SlideError, AnnotationError, DatasetError, CommandError
 */
export async function evaluateImage(
  item: DatasetItem,
  segmenter: Segmenter,
  overlap: number,
): Promise<{ comparison: Comparison; broken: number }> {
  const comparison = createComparison(segmenter.manifest.classes.length);
  const truth = await item.truth();
  const counted = (await item.counted?.()) ?? null;
  const slide = await item.open();
  try {
    const plan = planFor(slide, segmenter, { mpp: item.mpp, area: null, overlap });
    const { broken } = await runOnSlide(slide, segmenter, plan, (result) => {
      addSlice(comparison, { truth, counted }, result, slide.metadata);
    });
    return { comparison, broken };
  } finally {
    slide.close();
  }
}

/**
 * Counts the pixels of a slice whose centre lies on the slide and that count. What the engine hands on does not
 * overlap, so that adding slices one by one is the same as comparing the stitched maps, without holding those.
 */
export function addSlice(
  comparison: Comparison,
  { truth, counted }: { readonly truth: ClassesIn; readonly counted: ClassesIn | null },
  { rect, size, classes, confidence }: FinishedSlice,
  slide: { readonly width: number; readonly height: number },
): void {
  const counts = counted === null ? new Uint8Array(size * size).fill(1) : counted(rect, size, size);
  for (let row = 0; row < size; row++) {
    const isBelow = rect.y + ((row + 0.5) * rect.height) / size >= slide.height;
    for (let column = 0; column < size; column++) {
      const isOff = isBelow || rect.x + ((column + 0.5) * rect.width) / size >= slide.width;
      if (isOff) counts[row * size + column] = 0;
    }
  }
  compare(comparison, { truth: truth(rect, size, size), classes, confidence, counted: counts });
}
