/**
 * The eight symmetries of a square: tissue has no up and no left, so a network that sees a slice in each of them makes eight
 * independent attempts at it. An orientation is three bits: mirror x, mirror y, then exchange x and y.
 */
import type { InputImage, SliceInContext } from './segmenter.ts';

export const orientations = [0, 1, 2, 3, 4, 5, 6, 7] as const;
export type Orientation = (typeof orientations)[number];

/** Position in the original, of side `side`, of pixel `x`, `y` of the oriented image; row by row. */
export function originalPixel(x: number, y: number, side: number, orientation: Orientation): number {
  let [column, row] = (orientation & 4) === 0 ? [x, y] : [y, x];
  if ((orientation & 1) !== 0) column = side - 1 - column;
  if ((orientation & 2) !== 0) row = side - 1 - row;
  return row * side + column;
}

/** For each pixel of an oriented square, row by row, its position in the original. */
export function originalPixels(side: number, orientation: Orientation): Uint32Array {
  const positions = new Uint32Array(side * side);
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i++) positions[i] = originalPixel(x, y, side, orientation);
  }
  return positions;
}

/** A square image in another orientation; always a copy. @param positions of `originalPixels`. */
export function oriented({ width, height, data }: InputImage, positions: Uint32Array): InputImage {
  const from = new Uint32Array(Uint8ClampedArray.from(data).buffer);
  const to = Uint32Array.from(positions, (position) => from[position]!);
  return { width, height, data: new Uint8ClampedArray(to.buffer) };
}

/** The place of a slice in its context once both are oriented. */
export function orientedPlace({ x, y, size }: SliceInContext, orientation: Orientation): SliceInContext {
  const column = (orientation & 1) === 0 ? x : 1 - x - size;
  const row = (orientation & 2) === 0 ? y : 1 - y - size;
  return (orientation & 4) === 0 ? { x: column, y: row, size } : { x: row, y: column, size };
}
