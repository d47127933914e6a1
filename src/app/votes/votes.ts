/** How many of several models agree, pixel by pixel. Pure. */
import type { Level0Rect } from '../../slide/slide.ts';
import type { PaletteClass } from '../overlay/class-palette.ts';
import { confidenceRamp } from '../overlay/class-palette.ts';

/** No opinion: fewer than two models know the place. */
export const noVotes = 255;

/** A class map over an area, `size` × `size` values row by row. */
export interface VoteGrid {
  readonly rect: Level0Rect;
  readonly size: number;
  readonly classes: Uint8Array;
}

/**
 * How many models name the class that most of them name.
 * @param grid of the first model: its place and pixels are those of the result
 * @param others per model, the grids that meet it
 * @param isBackground by class value
 * @returns 0 where all that know the place name the background; else the largest number of models that agree; `noVotes` where
 *   fewer than two models know it
 */
export function votesOf(
  grid: VoteGrid,
  others: readonly (readonly VoteGrid[])[],
  isBackground: (value: number) => boolean,
): Uint8Array<ArrayBuffer> {
  const { rect, size } = grid;
  const votes = new Uint8Array(size * size);
  const counts = new Uint8Array(256);
  for (let y = 0; y < size; y++) {
    const levelY = rect.y + ((y + 0.5) * rect.height) / size;
    for (let x = 0; x < size; x++) {
      const levelX = rect.x + ((x + 0.5) * rect.width) / size;
      const own = grid.classes[y * size + x] ?? noVotes;
      const named = [own];
      for (const grids of others) {
        const value = valueAt(grids, levelX, levelY);
        if (value !== noVotes) named.push(value);
      }
      let most = 0;
      let agreed = own;
      for (const value of named) {
        counts[value] = (counts[value] ?? 0) + 1;
        if ((counts[value] ?? 0) > most) {
          most = counts[value] ?? 0;
          agreed = value;
        }
      }
      for (const value of named) counts[value] = 0;
      votes[y * size + x] =
        named.length < 2 ? noVotes : most === named.length && isBackground(agreed) ? 0 : most;
    }
  }
  return votes;
}

function valueAt(grids: readonly VoteGrid[], x: number, y: number): number {
  for (const { rect, size, classes } of grids) {
    const px = Math.floor(((x - rect.x) / rect.width) * size);
    const py = Math.floor(((y - rect.y) / rect.height) * size);
    if (px >= 0 && py >= 0 && px < size && py < size) return classes[py * size + px] ?? noVotes;
  }
  return noVotes;
}

/** Classes of a layer of votes: index = value of `votesOf`. Light where all agree, as confidence is. */
export function voteClasses(models: number): PaletteClass[] {
  const colourOf = (votes: number): string => {
    const position = models < 2 ? 1 : (votes - 1) / (models - 1);
    return confidenceRamp[Math.round(position * (confidenceRamp.length - 1))] ?? '#000000';
  };
  return [
    { name: 'all: background', colour: '#999999', background: true, ownColour: true },
    ...Array.from({ length: models }, (_, i) => ({
      name: i === 0 ? 'no two agree' : `${i + 1} of ${models} agree`,
      colour: colourOf(i + 1),
      background: false,
      ownColour: true,
    })),
  ];
}
