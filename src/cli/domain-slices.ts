/** Measures what a model's encoder sees in the slices of a dataset. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { InputImage } from '../runtime/segmenter.ts';
import { slideReader } from '../segment/slice-reader.ts';
import { evenlySpread } from '../segment/measure-fit.ts';
import { tissueShare } from '../segment/tissue.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Level0Rect } from '../slide/slide.ts';
import { knownMpp, type DatasetItem } from '../training/datasets/dataset.ts';
import { planSlide } from './run-model.ts';

/** Share of tissue of a slice that is measured. */
const leastTissue = 0.5;

/**
 * Calls `measure` with slices of an image that lie within it and mostly show tissue.
 * @param most slices, evenly spread.
 * @returns what `measure` returned for each.
 * @throws SlideError, DatasetError, CommandError; what `measure` throws.
 */
export async function measureSlices<T>(
  item: DatasetItem,
  manifest: ModelManifest,
  most: number,
  measure: (slice: InputImage) => Promise<T>,
): Promise<T[]> {
  const slide = await item.open();
  try {
    const mpp = knownMpp(slide, item);
    const area = { kind: 'slide' } as const;
    const { tissue } = await planSlide(slide, manifest, { mpp: item.mpp, area, overlap: 0, glass: 'skip' });
    const { fieldUm, sizePx } = manifest.slice;
    const { width, height } = slide.metadata;
    const squares = squaresWithin(width, height, fieldUm / mpp.x, fieldUm / mpp.y).filter(
      (rect) => tissue === null || tissueShare(tissue, rect) >= leastTissue,
    );
    const reader = slideReader(slide, nodePlatform());
    const { signal } = new AbortController();
    const measured: T[] = [];
    for (const rect of evenlySpread(squares, most)) {
      measured.push(await measure(await reader.read(rect, sizePx, signal)));
    }
    return measured;
  } finally {
    slide.close();
  }
}

/** Squares of a slice's field that cover an image without leaving it, overlapping where they have to. */
function squaresWithin(width: number, height: number, sideX: number, sideY: number): Level0Rect[] {
  const starts = (length: number, side: number): number[] => {
    const count = Math.max(1, Math.ceil(length / side));
    return Array.from({ length: count }, (_, i) => (count === 1 ? 0 : (i * (length - side)) / (count - 1)));
  };
  if (width < sideX || height < sideY) return [];
  return starts(height, sideY).flatMap((y) =>
    starts(width, sideX).map((x) => ({ x, y, width: sideX, height: sideY })),
  );
}
