/** Which classes several models name at one place. Pure. */
import { classAt } from '../overlay/class-at.ts';
import type { LayerContent } from '../session/layer-content.ts';

/**
 * `4 of 5: adenomatous · 1: healthy`, most votes first.
 * @param voters with the same classes
 * @param x level-0 pixels @param y level-0 pixels
 * @returns null where fewer than two of them know the place
 */
export function voteOpinion(
  voters: readonly Pick<LayerContent, 'classes' | 'map'>[],
  x: number,
  y: number,
): string | null {
  const votes = new Map<string, number>();
  let known = 0;
  for (const { classes, map } of voters) {
    const found = classAt(map, x, y);
    const name = found === null ? undefined : classes[found.value]?.name;
    if (name === undefined) continue;
    known++;
    votes.set(name, (votes.get(name) ?? 0) + 1);
  }
  if (known < 2) return null;
  return [...votes]
    .sort(([, one], [, other]) => other - one)
    .map(([name, count], at) => (at === 0 ? `${count} of ${known}: ${name}` : `${count}: ${name}`))
    .join(' · ');
}
