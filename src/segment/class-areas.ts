/** How much of a slide each class covers. */
import type { ClassMap } from './class-map.ts';
import { noClass } from './class-map.ts';

export interface ClassAreas {
  /** Pixels of the class map per class value. */
  readonly pixels: readonly number[];
  /** mm² per class value. */
  readonly mm2: readonly number[];
}

/** Rows of the map that are looked at in one go: bounds the memory. */
const strip = 1024;

/**
 * Areas of the classes 0 to `classes - 1` in what is known of `map`.
 * @param mpp µm per level-0 pixel, per axis.
 */
export function classAreas(
  map: ClassMap,
  classes: number,
  mpp: { readonly x: number; readonly y: number },
): ClassAreas {
  const counts = new Float64Array(noClass + 1);
  for (let top = 0; top < map.height; top += strip) {
    const rows = Math.min(strip, map.height - top);
    const rect = {
      x: 0,
      y: top * map.scaleY,
      width: map.width * map.scaleX,
      height: rows * map.scaleY,
    };
    for (const value of map.read(rect, map.width, rows).classes) counts[value] = (counts[value] ?? 0) + 1;
  }
  const pixels = Array.from(counts.subarray(0, classes));
  const pixelMm2 = (map.scaleX * mpp.x * map.scaleY * mpp.y) / 1e6;
  return { pixels, mm2: pixels.map((count) => count * pixelMm2) };
}
