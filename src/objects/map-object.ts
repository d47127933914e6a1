/** Objects of a class map, and what is measured of them. Pure. */
import type { Runs } from './runs.ts';

/** Edges in map pixels; right and bottom are exclusive. */
export interface ObjectBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A connected piece of a class map, or what merging and splitting made of some. Objects never share pixels. */
export interface MapObject {
  /** Place of its first pixel, row × 2²⁶ + column: unique, and the same whenever the map is the same. */
  readonly key: number;
  readonly runs: Runs;
  readonly pixels: number;
  /** Mean over its pixels, 0 to 1. */
  readonly confidence: number;
  /** The class of most of its pixels; of several, the lowest value. */
  readonly majority: number;
  /** Share of each class, by class value, among its pixels. */
  readonly mix: Float32Array;
  readonly box: ObjectBox;
}

/** More columns than any map has; rows × 2²⁶ stay exact up to 2²⁷ rows. */
const keyStep = 2 ** 26;

/** Measures an object. @param classCount number of class values; runs have no others. */
export function objectOf(runs: Runs, classCount: number): MapObject {
  const { rows, starts, ends, classes, sums } = runs;
  const counts = new Float64Array(classCount);
  let [pixels, sum, left, right] = [0, 0, Infinity, 0];
  for (let i = 0; i < rows.length; i++) {
    const [start, end, value] = [starts[i] ?? 0, ends[i] ?? 0, classes[i] ?? 0];
    counts[value] = (counts[value] ?? 0) + end - start;
    pixels += end - start;
    sum += sums[i] ?? 0;
    if (start < left) left = start;
    if (end > right) right = end;
  }
  const top = rows[0] ?? 0;
  let majority = 0;
  for (let value = 1; value < classCount; value++) {
    if ((counts[value] ?? 0) > (counts[majority] ?? 0)) majority = value;
  }
  return {
    key: top * keyStep + (starts[0] ?? 0),
    runs,
    pixels,
    confidence: sum / (255 * pixels),
    majority,
    mix: Float32Array.from(counts, (count) => count / pixels),
    box: { left, top, right, bottom: (rows[rows.length - 1] ?? 0) + 1 },
  };
}

/** Share of the object's pixels that are of another class than most, 0 to 1: how mixed it is. */
export function mixedness({ mix, majority }: MapObject): number {
  return 1 - (mix[majority] ?? 0);
}
