/**
 * The eight symmetries of the square, applied to a slice, its classes, its context and its place in the
 * context alike, so that the context follows every geometric change of the slice.
 */

/** 0 to 7: bit 0 mirrors left-right, bit 1 top-bottom, bit 2 swaps rows and columns (applied first). */
export type Symmetry = number;

/** @param data [side, side, channels] */
export function transformSquare(
  data: Uint8Array,
  side: number,
  channels: number,
  symmetry: Symmetry,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(data.length);
  const last = side - 1;
  for (let y = 0; y < side; y++) {
    const mirroredY = symmetry & 2 ? last - y : y;
    for (let x = 0; x < side; x++) {
      const mirroredX = symmetry & 1 ? last - x : x;
      const from = (symmetry & 4 ? mirroredX * side + mirroredY : mirroredY * side + mirroredX) * channels;
      const to = (y * side + x) * channels;
      for (let channel = 0; channel < channels; channel++) out[to + channel] = data[from + channel]!;
    }
  }
  return out;
}

/** The top left corner of a square of side `size` within the unit square after the same change. */
export function transformPlace(
  place: { readonly x: number; readonly y: number; readonly size: number },
  symmetry: Symmetry,
): { x: number; y: number; size: number } {
  const { size } = place;
  let [x, y] = symmetry & 4 ? [place.y, place.x] : [place.x, place.y];
  if (symmetry & 1) x = 1 - x - size;
  if (symmetry & 2) y = 1 - y - size;
  return { x, y, size };
}
