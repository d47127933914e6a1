/** Everything counted when predictions are compared with ground truth, for one image or many. */
import {
  addConfidences,
  calibrationOf,
  createConfidenceBins,
  type CalibrationFigures,
  type ConfidenceBins,
} from './calibration.ts';
import { addCounts, addPixels, createConfusionMatrix, type ConfusionMatrix } from './confusion-matrix.ts';
import { metricsOf, type Metrics } from './metrics.ts';

export interface Comparison {
  readonly confusion: ConfusionMatrix;
  readonly confidence: ConfidenceBins;
}

/** @throws RangeError unless there are at least 2 classes. */
export function createComparison(classes: number): Comparison {
  return { confusion: createConfusionMatrix(classes), confidence: createConfidenceBins() };
}

/** One map of pixels, row by row. */
export interface ComparedPixels {
  readonly truth: Uint8Array;
  readonly classes: Uint8Array;
  /** Probability of the class, 0 to 255. */
  readonly confidence: Uint8Array;
  /** 0 where a pixel does not count. */
  readonly counted: Uint8Array;
}

/** @throws RangeError on unequal lengths or a class value outside the matrix; nothing is added then. */
export function compare(into: Comparison, { truth, classes, confidence, counted }: ComparedPixels): void {
  addPixels(into.confusion, truth, classes, counted);
  addConfidences(into.confidence, truth, classes, confidence, counted);
}

/** Adds the counts of one comparison to another. */
export function pool(into: Comparison, from: Comparison): void {
  addCounts(into.confusion, from.confusion);
  const pairs: readonly (readonly [Float64Array, Float64Array])[] = [
    [into.confidence.pixels, from.confidence.pixels],
    [into.confidence.right, from.confidence.right],
    [into.confidence.bytes, from.confidence.bytes],
  ];
  for (const [sums, more] of pairs) {
    more.forEach((value, i) => {
      sums[i] = (sums[i] ?? 0) + value;
    });
  }
}

/** The figures of a comparison. */
export function figuresOf({ confusion, confidence }: Comparison): Metrics & {
  readonly calibration: CalibrationFigures;
} {
  return { ...metricsOf(confusion), calibration: calibrationOf(confidence) };
}
