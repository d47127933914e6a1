/** How sure a model is of its own map, in a few figures. Sure is not right: the figures say nothing of the truth. */
import type { ModelManifest } from '../runtime/manifest.ts';

/** Probabilities of the winning class, 0 to 1, over the pixels of a map. */
export interface ConfidenceSummary {
  readonly mean: number;
  /** A tenth of the pixels is at most this sure, and half of them. */
  readonly tenth: number;
  readonly median: number;
  /** Share of pixels whose class has less than half of the probability. */
  readonly belowHalf: number;
  /** Mean per class that occurs, background included. */
  readonly meanByClass: Readonly<Record<string, number>>;
}

/** Confidence is stored as a byte. */
const mostSure = 255;

/**
 * @param confidences pixels per class value and confidence, at `256 × class + confidence`.
 * @returns null where there is no pixel of any class.
 */
export function confidenceSummary(
  { classes }: Pick<ModelManifest, 'classes'>,
  confidences: ArrayLike<number>,
): ConfidenceSummary | null {
  const all = new Float64Array(mostSure + 1);
  const meanByClass: Record<string, number> = {};
  classes.forEach(({ name }, value) => {
    const own = Float64Array.from(all, (_, byte) => confidences[256 * value + byte] ?? 0);
    own.forEach((count, byte) => (all[byte] = (all[byte] ?? 0) + count));
    const mean = meanOf(own);
    if (mean !== null) meanByClass[name] = mean;
  });
  const mean = meanOf(all);
  if (mean === null) return null;
  return {
    mean,
    tenth: quantile(all, 0.1),
    median: quantile(all, 0.5),
    belowHalf: all.subarray(0, Math.ceil(mostSure / 2)).reduce((sum, n) => sum + n, 0) / total(all),
    meanByClass,
  };
}

const total = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0);

function meanOf(counts: Float64Array): number | null {
  const pixels = total(counts);
  if (pixels === 0) return null;
  return counts.reduce((sum, count, byte) => sum + count * byte, 0) / pixels / mostSure;
}

/** The least confidence that at least `share` of the pixels do not exceed. */
function quantile(counts: Float64Array, share: number): number {
  const wanted = share * total(counts);
  let seen = 0;
  const byte = counts.findIndex((count) => (seen += count) >= wanted);
  return byte / mostSure;
}
