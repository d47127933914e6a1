/**
 * What the context changed: the same place segmented without its context and with it, pixel by pixel. Each pixel has a pair
 * of classes, and the pairs make a matrix. Pure.
 */

/** Classes that pairs have room for; the value 255 says that a pixel was not compared. */
export const maxPairedClasses = 15;

/** The value that stands for a pixel's pair of classes, in maps of pairs. */
export function pairValue(without: number, withContext: number, classes: number): number {
  return without * classes + withContext;
}

/** The classes of a pair. */
export function pairOf(
  value: number,
  classes: number,
): { readonly without: number; readonly withContext: number } {
  return { without: Math.floor(value / classes), withContext: value % classes };
}

export interface ContextChange {
  /** [classes, classes] pixels or areas: rows are the classes without the context, columns those with it. */
  readonly matrix: readonly (readonly number[])[];
  /** Sum of the matrix. */
  readonly compared: number;
  /** Sum of what is not on its diagonal. */
  readonly changed: number;
  /** `changed` of `compared`, 0 to 1; 0 where nothing was compared. */
  readonly share: number;
}

/** The matrix of amounts by pair. @param amounts at least `classes`² of them: index = `pairValue` */
export function contextChange(amounts: ArrayLike<number>, classes: number): ContextChange {
  const matrix = Array.from({ length: classes }, (_row, without) =>
    Array.from(
      { length: classes },
      (_column, withContext) => amounts[pairValue(without, withContext, classes)] ?? 0,
    ),
  );
  const compared = matrix.flat().reduce((sum, amount) => sum + amount, 0);
  const same = matrix.reduce((sum, row, at) => sum + (row[at] ?? 0), 0);
  const changed = compared - same;
  return { matrix, compared, changed, share: compared === 0 ? 0 : changed / compared };
}

/**
 * Pixels by pair of two maps of the same place, index = `pairValue`. Classes beyond the last count as nothing.
 * @throws RangeError when the maps differ in size
 */
export function countPairs(without: Uint8Array, withContext: Uint8Array, classes: number): Float64Array {
  if (without.length !== withContext.length) {
    throw new RangeError(`The maps have ${without.length} and ${withContext.length} pixels.`);
  }
  const counts = new Float64Array(classes * classes);
  without.forEach((from, pixel) => {
    const to = withContext[pixel] ?? classes;
    if (from >= classes || to >= classes) return;
    const value = pairValue(from, to, classes);
    counts[value] = (counts[value] ?? 0) + 1;
  });
  return counts;
}
