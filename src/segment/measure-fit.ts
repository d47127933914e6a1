/** Whether the tissue of a run looks like what the model was trained on: measured on some of its slices, before any result. */
import type { TissueFit } from '../base/tissue-fit.ts';
import { quantile } from '../runtime/domain/fit-statistics.ts';
import type { SlicePlan, PlannedSlice } from './grid.ts';
import type { Network } from './network.ts';
import type { SliceReader } from './slice-reader.ts';
import { tissueShare, type TissueMask } from './tissue.ts';
import { SlideError, type Level0Rect } from '../slide/slide.ts';

/** Most slices to measure: each costs about a quarter of one to segment. */
const mostSlices = 16;

export interface FitRequest {
  readonly reader: SliceReader;
  readonly plan: SlicePlan;
  /** Where the tissue is; null measures slices anywhere. */
  readonly tissue: TissueMask | null;
  readonly network: Network;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Measures slices that are evenly spread over the tissue of a plan; null if the model has no statistics, no slice could be
 * read, or the call is aborted.
 * @throws ModelError when the network fails and no backend is left; SlideError when the whole slide becomes unreadable.
 */
export async function measureFit({
  reader,
  plan,
  tissue,
  network,
  signal,
}: FitRequest): Promise<TissueFit | null> {
  if (network.segmenter.distance === undefined) return null;
  const abort = signal ?? new AbortController().signal;
  const distances: number[] = [];
  for (const { rect } of evenlySpread(typicalSlices(plan, tissue), mostSlices)) {
    // An aborted run ends by itself.
    if (abort.aborted) return null;
    try {
      const image = await reader.read(rect, plan.sizePx, abort);
      const distance = await measured(network, (segmenter) => segmenter.distance?.(image));
      if (distance !== undefined) distances.push(distance);
    } catch (error) {
      if (abort.aborted) return null;
      // The run reports it.
      if (!(error instanceof SlideError) || error.code !== 'broken-tile') throw error;
    }
  }
  if (distances.length === 0) return null;
  return {
    slices: distances.length,
    distance: quantile(distances, 0.5),
    beyond: distances.filter((distance) => distance > 1).length / distances.length,
  };
}

/** Asks the network, or its replacement. */
async function measured<T>(
  network: Network,
  ask: (segmenter: Network['segmenter']) => Promise<T> | undefined,
): Promise<T | undefined> {
  let answer: T | undefined;
  const work = async (): Promise<void> => {
    answer = await ask(network.segmenter);
  };
  try {
    await network.turn(work);
  } catch (error) {
    if (!(await network.recover(error, 0))) throw error;
    await network.turn(work);
  }
  return answer;
}

/** Least tissue in a slice, as a share of the most in any: glass in it would count as foreign tissue. */
const mostlyTissue = 0.9;

/** The slices that show the most tissue and nothing beyond the slide's edge. */
function typicalSlices(plan: SlicePlan, tissue: TissueMask | null): readonly PlannedSlice[] {
  const inside = plan.slices.filter(({ rect }) => isInside(rect, plan));
  const candidates = inside.length === 0 ? plan.slices : inside;
  if (tissue === null) return candidates;
  const shares = candidates.map((slice) => ({ slice, share: tissueShare(tissue, slice.rect) }));
  const most = shares.reduce((highest, { share }) => Math.max(highest, share), 0);
  return shares.filter(({ share }) => share >= mostlyTissue * most).map(({ slice }) => slice);
}

function isInside({ x, y, width, height }: Level0Rect, { slideWidth, slideHeight }: SlicePlan): boolean {
  // Half a pixel for rounding.
  return x >= -0.5 && y >= -0.5 && x + width <= slideWidth + 0.5 && y + height <= slideHeight + 0.5;
}

/** `most` of them, or all, evenly spread. */
export function evenlySpread<T>(all: readonly T[], most: number): T[] {
  const count = Math.min(most, all.length);
  const places = new Set(
    Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * all.length) / count)),
  );
  return all.filter((_, i) => places.has(i));
}
