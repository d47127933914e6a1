/** Measures whether slice borders are visible in a class map. */
import type { ClassMapWindow } from './class-map.ts';
import { noClass } from './class-map.ts';

/**
 * Density of class changes across slice borders, relative to elsewhere: 1 if borders are invisible, more if they are
 * visible. Counts only neighbours that are both segmented.
 *
 * @param map at slice resolution, its first pixel on a slice border.
 * @param cellPx distance of slice borders.
 * @returns null without borders, or without class changes elsewhere.
 */
export function seamRatio(
  map: Pick<ClassMapWindow, 'width' | 'height' | 'classes'>,
  cellPx: number,
): number | null {
  const { width, height, classes } = map;
  // [elsewhere, on borders]
  const pairs = [0, 0];
  const changes = [0, 0];
  const compare = (a: number, b: number, onBorder: boolean): void => {
    const first = classes[a] ?? noClass;
    const second = classes[b] ?? noClass;
    if (first === noClass || second === noClass) return;
    const kind = onBorder ? 1 : 0;
    pairs[kind] = (pairs[kind] ?? 0) + 1;
    if (first !== second) changes[kind] = (changes[kind] ?? 0) + 1;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const here = y * width + x;
      if (x > 0) compare(here - 1, here, x % cellPx === 0);
      if (y > 0) compare(here - width, here, y % cellPx === 0);
    }
  }
  const [elsewhere = 0, onBorders = 0] = pairs;
  const [changesElsewhere = 0, changesOnBorders = 0] = changes;
  if (onBorders === 0 || changesElsewhere === 0) return null;
  return changesOnBorders / onBorders / (changesElsewhere / elsewhere);
}
