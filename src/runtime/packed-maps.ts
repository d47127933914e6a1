/** Class and confidence as the graph packs them: class * 256 + confidence, a whole number a pixel. */
import type { SliceMaps } from './segmenter.ts';

/**
 * The maps of slices of `size` × `size`.
 * @param values class * 256 + confidence of the slices, one after the other.
 */
export function unpackMaps(values: Int32Array, size: number): SliceMaps[] {
  const pixels = size * size;
  return Array.from({ length: values.length / pixels }, (_value, slice) => {
    const classes = new Uint8Array(pixels);
    const confidence = new Uint8Array(pixels);
    for (let i = 0, at = slice * pixels; i < pixels; i++, at++) {
      const value = values[at]!;
      classes[i] = value >> 8;
      confidence[i] = value & 255;
    }
    return { size, classes, confidence };
  });
}
