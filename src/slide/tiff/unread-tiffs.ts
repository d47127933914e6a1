/** TIFF files of makers whose slide is not in the file, or not where a TIFF reader looks. They are refused by name. */
import { SlideError } from '../slide.ts';
import { tag } from './tags.ts';
import type { TiffFile } from './tiff-file.ts';

interface UnreadTiff {
  /** A sentence that names the format. */
  readonly problem: string;
  readonly remedy: string;
  readonly recognises: (file: TiffFile) => Promise<boolean>;
}

const convert = 'Convert it to OME-TIFF, for example with QuPath or bfconvert, and open that.';

const unread: readonly UnreadTiff[] = [
  {
    problem:
      'This is the index of an Olympus (Evident) VSI slide: it holds only label and overview; the scan is in .ets files in the folder beside it.',
    remedy: 'Give it back its name, which ends with .vsi, and open the folder that holds it and its scans.',
    recognises: async (file) =>
      /^olympus/i.test(await file.directories[0]!.text(tag.make)) ||
      /^olympus/i.test(await file.directories[0]!.text(tag.software)),
  },
  {
    problem: 'This is a Zeiss LSM file of a confocal microscope, which is not supported.',
    remedy: convert,
    recognises: (file) => Promise.resolve(file.directories[0]!.has(tag.zeissLsm)),
  },
];

/** @throws SlideError `unsupported` for a file of a known maker that can't be read. */
export async function refuseUnreadTiff(file: TiffFile): Promise<void> {
  for (const { problem, remedy, recognises } of unread) {
    if (await recognises(file)) throw new SlideError('unsupported', file.source.name, problem, remedy);
  }
}
