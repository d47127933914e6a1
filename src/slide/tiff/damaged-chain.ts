/**
 * A TIFF whose chain of directories breaks off: a copy that went wrong, or a pointer that a program wrote into nowhere. What
 * is read before the break is shown if it is the slide for sure, and the rest is said to be missing.
 */
import { SlideError } from '../slide.ts';
import { subfileType, tag } from './tags.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';

/**
 * @param directory of level 0. @param isKnown whether a maker's format says that it is.
 * @returns notes of what is missing; none where all directories were read.
 * @throws SlideError `corrupt` where level 0 may be something else, or is not all there.
 */
export async function chainNotes(
  file: TiffFile,
  directory: TiffDirectory,
  isKnown: boolean,
): Promise<string[]> {
  const notes: string[] = [];
  if (file.breakAfter !== null) {
    if (!isKnown && !isWhole(directory))
      throw refused(file, 'what can be read may be its label or thumbnail');
    if (!(await isInFile(file, directory)))
      throw refused(file, 'the slide at full resolution is not all there');
    const { breakAfter: count } = file;
    notes.push(
      `The file is damaged: its list of images breaks off after ${count === 1 ? 'the first' : `${count}`}. Smaller levels, channels, label and macro may be missing.`,
    );
  }
  const { unreadSubDirectories: unread } = file;
  if (unread > 0) {
    notes.push(
      `${unread === 1 ? 'One of its images (a SubIFD) is' : `${unread} of its images (SubIFDs) are`} damaged and left out.`,
    );
  }
  return notes;
}

/** Whether an image of an unknown maker can only be the slide: labels and photographs are in strips. */
const isWhole = (directory: TiffDirectory): boolean =>
  directory.has(tag.tileWidth) &&
  ((directory.number(tag.newSubfileType) ?? 0) & (subfileType.reduced | subfileType.mask)) === 0;

/** Whether all of an image's tiles or strips lie within the file. */
async function isInFile(file: TiffFile, directory: TiffDirectory): Promise<boolean> {
  const isTiled = directory.has(tag.tileOffsets);
  const places = await directory.numbers(isTiled ? tag.tileOffsets : tag.stripOffsets);
  const lengths = await directory.numbers(isTiled ? tag.tileByteCounts : tag.stripByteCounts);
  return (
    places.length > 0 &&
    places.length === lengths.length &&
    places.every((place, i) => file.near(place, directory.offset) + lengths[i]! <= file.source.size)
  );
}

const refused = (file: TiffFile, why: string): SlideError =>
  new SlideError(
    'corrupt',
    file.source.name,
    `The TIFF structure is damaged: its list of images breaks off, and ${why}.`,
    'Copy or export the file again.',
  );
