/**
 * Logits as bytes, relative to the winning class: what overlapping slices are blended by. The winner has 255, a class
 * whose logit lies 1 lower has 16 less, and what lies `-leastLogProbability` or more below it has 0.
 */
import { leastLogProbability } from './segmenter.ts';

const stepsPerUnit = -255 / leastLogProbability;

/** @param logits any number of pixels, `classes` values each. */
export function relativeLogits(logits: Float32Array, classes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(logits.length);
  for (let first = 0; first < logits.length; first += classes) {
    let top = logits[first]!;
    for (let i = first + 1; i < first + classes; i++) if (logits[i]! > top) top = logits[i]!;
    for (let i = first; i < first + classes; i++) {
      const byte = (logits[i]! - top) * stepsPerUnit + 255.5;
      // Storing into a byte array rounds down; it does not stop at zero.
      bytes[i] = byte < 0 ? 0 : byte;
    }
  }
  return bytes;
}
