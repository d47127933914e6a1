/** Fluorescence TIFFs: the planes of their channels, for `compositeOf`. */
import { compositeOf, maxCompositeChannels, type GreyChannel } from '../channel-composite.ts';
import { pyramidOf } from '../pyramid.ts';
import { GreyImage } from './grey-image.ts';
import { unlessUnreadable } from './tiff-support.ts';
import { tag } from './tags.ts';
import type { TiffDirectory, TiffFile } from './tiff-file.ts';
import type { TileGrid } from './tiff-slide.ts';

export { channelNames } from '../channel-composite.ts';

/** A channel as a file describes it. */
export interface Channel {
  readonly name: string;
  /** null where the file gives none, or white for every channel. */
  readonly colour: readonly [number, number, number] | null;
  /** Its plane at full size, then smaller ones in any order; `withSubDirectories` finds them where they are SubIFDs. */
  readonly directories: readonly TiffDirectory[];
  /** The file that holds them, where it is another one of a set. */
  readonly file?: TiffFile;
}

/** A plane and its SubIFDs. */
export async function withSubDirectories(file: TiffFile, plane: TiffDirectory): Promise<TiffDirectory[]> {
  return [plane, ...(await file.subDirectories(plane))];
}

/**
 * The levels of a composite of the first channels.
 * @throws SlideError `unsupported` (channels of different sizes or depths), `corrupt`.
 */
export async function compositeLevels(file: TiffFile, channels: readonly Channel[]): Promise<TileGrid[]> {
  const shown: GreyChannel[] = [];
  for (const channel of channels.slice(0, maxCompositeChannels)) {
    const levels = await channelLevels(channel.file ?? file, channel.directories);
    shown.push({ levels, colour: channel.colour });
  }
  return compositeOf(shown, file.source.name);
}

async function channelLevels(
  file: TiffFile,
  [plane, ...smaller]: readonly TiffDirectory[],
): Promise<GreyChannel['levels']> {
  const base = await GreyImage.open(file, plane!);
  const images: GreyImage[] = [];
  for (const directory of smaller) {
    const image = await unlessUnreadable(GreyImage.open(file, directory));
    if (image?.bits === base.bits) images.push(image);
  }
  return pyramidOf(base, images).levels;
}

/** Whether an image's samples are the colours of one pixel, whatever its XML says. */
export function isInterleaved(directory: TiffDirectory): boolean {
  return (directory.number(tag.samplesPerPixel) ?? 1) >= 3;
}
