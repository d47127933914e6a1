/** The error for a part of a slide that cannot be shown. */
import { NoAnswer } from '../base/awake-time.ts';
import { SlideError } from './slide.ts';

/** The error for a tile whose pixels cannot be read. */
export function brokenTile(file: string, where: string, problem: string, cause?: unknown): SlideError {
  return new SlideError(
    'broken-tile',
    file,
    `Part of the slide (${where}) cannot be shown. ${problem}`,
    'The rest of the slide is usable. To repair it, copy or export the file again.',
    cause === undefined ? {} : { cause },
  );
}

/** A tile that a decoder refused, or gave no answer for. */
export function undecodedTile(file: string, where: string, cause: unknown): SlideError {
  return brokenTile(
    file,
    where,
    cause instanceof NoAnswer ? cause.message : 'Its image data is damaged.',
    cause,
  );
}
