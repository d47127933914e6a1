/**
 * Logits as bytes, relative to the winning class: the input for blending overlapping slices. The winner has
 * 255, and a byte `steps` lower means `natsPerSquare · steps²` below it. The scale is fine where classes are
 * close, so that two slices unsure of different classes rarely tie. Where they do tie, their border is a
 * straight line along which the weights are equal (docs/decisions/0010).
 */

/** Distance represented by the byte 0, or more. */
const mostNats = 32;

/** Distance below the winner, by the square of the steps. */
export const natsPerSquare = mostNats / 255 ** 2;

/** @param logits any number of pixels, `classes` values each. */
export function relativeLogits(logits: Float32Array, classes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(logits.length);
  for (let first = 0; first < logits.length; first += classes) {
    let top = logits[first]!;
    for (let i = first + 1; i < first + classes; i++) if (logits[i]! > top) top = logits[i]!;
    for (let i = first; i < first + classes; i++) {
      const below = top - logits[i]!;
      // Storing into a byte array rounds down but does not stop at zero.
      bytes[i] = below >= mostNats ? 0 : 255.5 - Math.sqrt(below / natsPerSquare);
    }
  }
  return bytes;
}

/** The same in WGSL: the byte for a distance `below` the winner. */
export const relativeByteShader = `
    fn relativeByte(below : f32) -> i32 {
      return i32(clamp(255.5 - sqrt(below * ${1 / natsPerSquare}), 0.0, 255.0));
    }`;
