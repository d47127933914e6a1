/**
 * Measures how similar two results for the same slice are, to compare backends and weight types (float16,
 * float32).
 */
import type { SliceMaps } from './segmenter.ts';

export interface ClassAgreement {
  /** Pixels compared. */
  readonly pixels: number;
  /** Share of pixels with the same class, 0 to 1. */
  readonly share: number;
  /** Largest difference of the winning class's probability where the classes agree, 0 to 1. */
  readonly confidenceDifference: number;
}

/**
 * Compares results pairwise: `a[i]` with `b[i]`.
 * @throws RangeError when the two lists do not match in number or size.
 */
export function classAgreement(a: readonly SliceMaps[], b: readonly SliceMaps[]): ClassAgreement {
  if (a.length !== b.length) throw new RangeError(`${a.length} results cannot be compared with ${b.length}.`);
  let [pixels, equal, difference] = [0, 0, 0];
  a.forEach((left, index) => {
    const right = b[index];
    if (right?.size !== left.size)
      throw new RangeError(`Result ${index} has a different size in the second list.`);
    for (let i = 0; i < left.classes.length; i++) {
      if (left.classes[i] !== right.classes[i]) continue;
      equal++;
      const distance = Math.abs((left.confidence[i] ?? 0) - (right.confidence[i] ?? 0));
      if (distance > difference) difference = distance;
    }
    pixels += left.classes.length;
  });
  return { pixels, share: pixels === 0 ? 1 : equal / pixels, confidenceDifference: difference / 255 };
}
