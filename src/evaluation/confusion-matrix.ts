/** Pixel counts of true against predicted class, pooled over everything added. */

export interface ConfusionMatrix {
  readonly classes: number;
  /** `counts[truth * classes + predicted]`, pixels. Exact up to 2^53. */
  readonly counts: Float64Array;
}

/** An empty matrix. @throws RangeError unless `classes` is a whole number of at least 2. */
export function createConfusionMatrix(classes: number): ConfusionMatrix {
  if (!Number.isInteger(classes) || classes < 2) {
    throw new RangeError(`A confusion matrix needs at least 2 classes, not ${classes}.`);
  }
  return { classes, counts: new Float64Array(classes * classes) };
}

/**
 * Adds one pixel per element of `truth` and `predicted` (class values, equal lengths). If `counted` is given,
 * only pixels with a value other than 0 there are added.
 * @throws RangeError on unequal lengths or a class value outside the matrix; nothing is added then.
 */
export function addPixels(
  matrix: ConfusionMatrix,
  truth: Uint8Array,
  predicted: Uint8Array,
  counted?: Uint8Array,
): void {
  const { classes, counts } = matrix;
  if (truth.length !== predicted.length || (counted !== undefined && counted.length !== truth.length)) {
    throw new RangeError(
      `Truth has ${truth.length} pixels, prediction ${predicted.length}, mask ${counted?.length ?? 'none'}.`,
    );
  }
  const added = new Float64Array(counts.length);
  for (let i = 0; i < truth.length; i++) {
    if (counted?.[i] === 0) continue;
    const row = truth[i] ?? 0;
    const column = predicted[i] ?? 0;
    if (row >= classes || column >= classes) {
      throw new RangeError(`Pixel ${i} has class ${Math.max(row, column)} of ${classes}.`);
    }
    const cell = row * classes + column;
    added[cell] = (added[cell] ?? 0) + 1;
  }
  for (let cell = 0; cell < counts.length; cell++) {
    counts[cell] = (counts[cell] ?? 0) + (added[cell] ?? 0);
  }
}

/** Adds the counts of another matrix of as many classes. */
export function addCounts({ counts }: ConfusionMatrix, from: ConfusionMatrix): void {
  from.counts.forEach((value, cell) => {
    counts[cell] = (counts[cell] ?? 0) + value;
  });
}

/** Pixels of `truth` that were predicted as `predicted`. */
export function count(matrix: ConfusionMatrix, truth: number, predicted: number): number {
  return matrix.counts[truth * matrix.classes + predicted] ?? 0;
}

/** Rows are the true classes, columns the predicted ones. */
export function toRows(matrix: ConfusionMatrix): number[][] {
  return Array.from({ length: matrix.classes }, (_row, truth) =>
    Array.from(matrix.counts.subarray(truth * matrix.classes, (truth + 1) * matrix.classes)),
  );
}
