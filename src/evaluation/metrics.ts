/** The figures of DESIGN section 4, all from one pooled confusion matrix. */
import type { ConfusionMatrix } from './confusion-matrix.ts';
import { count } from './confusion-matrix.ts';

export interface Metrics {
  /** Per class, 0 to 1; null for a class that occurs neither in the truth nor in the prediction. */
  readonly iou: readonly (number | null)[];
  /** Plain mean of the IoUs that are not null, 0 to 1; null without a pixel. */
  readonly miou: number | null;
  /** Share of pixels with the right class, 0 to 1; null without a pixel. */
  readonly accuracy: number | null;
  /** BACH score, at most 1; null unless there are four classes and a pixel that is not normal in both. */
  readonly score: number | null;
  /** Pixels counted. */
  readonly pixels: number;
}

/** Every figure of a matrix. */
export function metricsOf(matrix: ConfusionMatrix): Metrics {
  const iou = iouPerClass(matrix);
  const occurring = iou.filter((value) => value !== null);
  let pixels = 0;
  let right = 0;
  for (let truth = 0; truth < matrix.classes; truth++) {
    right += count(matrix, truth, truth);
    for (let predicted = 0; predicted < matrix.classes; predicted++) {
      pixels += count(matrix, truth, predicted);
    }
  }
  return {
    iou,
    miou: occurring.length === 0 ? null : occurring.reduce((sum, value) => sum + value, 0) / occurring.length,
    accuracy: pixels === 0 ? null : right / pixels,
    score: bachScore(matrix),
    pixels,
  };
}

/** Intersection over union per class; null where the union is empty. */
export function iouPerClass(matrix: ConfusionMatrix): (number | null)[] {
  return Array.from({ length: matrix.classes }, (_value, label) => {
    let union = -count(matrix, label, label);
    for (let other = 0; other < matrix.classes; other++) {
      union += count(matrix, label, other) + count(matrix, other, label);
    }
    return union === 0 ? null : count(matrix, label, label) / union;
  });
}

/**
 * The score of the BACH challenge (ICIAR 2018, part B) for labels 0 normal, 1 benign, 2 in situ, 3 invasive:
 * s = 1 − Σ|pred − gt| / Σ max(gt, 3 − gt)·[1 − (1 − pred_bin)(1 − gt_bin)], bin = label > 0. Pixels that are
 * normal in both add nothing to either sum. Differences are taken signed; unsigned bytes would wrap around.
 * @returns at most 1; null for another number of classes, or when every pixel is normal in both.
 */
export function bachScore(matrix: ConfusionMatrix): number | null {
  if (matrix.classes !== 4) return null;
  let distance = 0;
  let worst = 0;
  for (let truth = 0; truth < 4; truth++) {
    for (let predicted = 0; predicted < 4; predicted++) {
      if (truth === 0 && predicted === 0) continue;
      const pixels = count(matrix, truth, predicted);
      distance += pixels * Math.abs(predicted - truth);
      worst += pixels * Math.max(truth, 3 - truth);
    }
  }
  return worst === 0 ? null : 1 - distance / worst;
}
