/** The error of a part of a slide that can't be shown. */
import { SlideError } from './slide.ts';

/** The error of a tile whose pixels can not be had. */
export function brokenTile(file: string, where: string, problem: string, cause?: unknown): SlideError {
  return new SlideError(
    'broken-tile',
    file,
    `A part of the slide (${where}) can not be shown. ${problem}`,
    'The rest of the slide can be used; to repair it, copy or export the file again.',
    cause === undefined ? {} : { cause },
  );
}
