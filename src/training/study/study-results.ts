/** Results of the study's runs, and statistics over them. */
import { metricsOf } from '../../evaluation/metrics.ts';
import type { ConfusionMatrix } from '../../evaluation/confusion-matrix.ts';

/** One trained and evaluated network. */
export interface StudyResult {
  readonly row: string;
  /** From 1. */
  readonly fold: number;
  readonly seed: number;
  readonly steps: number;
  /** Duration of the training. */
  readonly seconds: number;
  /** Pixels by true class (rows) and predicted class. */
  readonly confusion: readonly (readonly number[])[];
}

/** The sum of all confusion matrices. @throws RangeError when one is not square or the runs differ in their classes. */
export function pooledMatrix(results: readonly StudyResult[]): ConfusionMatrix {
  const classes = results[0]?.confusion.length ?? 0;
  const counts = new Float64Array(classes * classes);
  for (const { confusion } of results) {
    if (confusion.length !== classes || confusion.some((columns) => columns.length !== classes)) {
      throw new RangeError('The runs differ in their classes, or a confusion matrix is not square.');
    }
    confusion.flat().forEach((pixels, cell) => {
      counts[cell] = counts[cell]! + pixels;
    });
  }
  return { classes, counts };
}

/** mIoU of one run; null if undefined. */
export function miouOf(result: StudyResult): number | null {
  return metricsOf(pooledMatrix([result])).miou;
}

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; null for fewer than two values. */
  readonly deviation: number | null;
  readonly count: number;
}

/** @returns null without values */
export function spreadOf(values: readonly number[]): Spread | null {
  const count = values.length;
  if (count === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, count, deviation: count < 2 ? null : Math.sqrt(squares / (count - 1)) };
}

/**
 * The difference in mIoU between two rows, over pairs of runs on the same fold with the same seed: patients differ more than networks.
 * @returns null without any pair
 */
export function pairedDifference(
  results: readonly StudyResult[],
  row: string,
  reference: string,
): Spread | null {
  const differences = results.flatMap((run) => {
    if (run.row !== row) return [];
    const other = results.find(
      ({ row: id, fold, seed }) => id === reference && fold === run.fold && seed === run.seed,
    );
    const [own, theirs] = [miouOf(run), other === undefined ? null : miouOf(other)];
    return own === null || theirs === null ? [] : [own - theirs];
  });
  return spreadOf(differences);
}
