/** Fluorescence in TIFF: a plane, or a pyramid of planes, for each channel. */
import {
  channelTitle,
  defaultShownChannels,
  maxSelectableChannels,
  type ChannelColour,
} from '../channels/channel-view.ts';
import { beyondNotes, compositeParts, type CompositeContents } from '../channels/channel-slide.ts';
import { compositeOf, isAlike } from '../channels/composite.ts';
import type { GreyChannel } from '../channels/grey-channel.ts';
import { pyramidOf } from '../pyramid.ts';
import { GreyImage } from './grey-image.ts';
import { unlessUnreadable } from './tiff-support.ts';
import { tag } from './tags.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';

/** A channel as a file describes it. */
export interface Channel {
  readonly name: string;
  /** null where the file gives none, or white for every channel. */
  readonly colour: ChannelColour | null;
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
 * Opens channels and combines them.
 * @throws SlideError `unsupported` (the first channels are of different sizes or can't be read), `corrupt`.
 */
export async function compositeContents(
  file: TiffFile,
  channels: readonly Channel[],
): Promise<CompositeContents> {
  const { opened, notes } = await greyChannels(file, channels);
  return compositeParts(compositeOf(opened, file.source.name), notes);
}

/** Opens channels. Of those that are not shown at first, what can't be read is left out and noted. */
export async function greyChannels(
  file: TiffFile,
  channels: readonly Channel[],
): Promise<{ readonly opened: readonly GreyChannel[]; readonly notes: readonly string[] }> {
  const selectable = channels.slice(0, maxSelectableChannels);
  // Together: on a server, each is a few requests.
  const pyramids = await Promise.all(
    selectable.map((channel, index) => {
      const levels = channelLevels(channel.file ?? file, channel.directories);
      return index < defaultShownChannels ? levels : unlessUnreadable(levels);
    }),
  );
  const opened: GreyChannel[] = [];
  const unread: string[] = [];
  const first = pyramids.slice(0, defaultShownChannels);
  const count = Math.min(...first.map((levels) => levels?.length ?? 0));
  for (const [index, channel] of selectable.entries()) {
    const levels = pyramids[index] ?? [];
    const title = channelTitle(channel, index);
    // Numbers stay those of the file where one is left out.
    const one = { name: unread.length > 0 ? title : channel.name, colour: channel.colour, levels };
    if (index < defaultShownChannels || isAlike(one, opened[0]!, count)) opened.push(one);
    else unread.push(title);
  }
  const notes: string[] = [];
  if (unread.length > 0) {
    notes.push(
      `Of its ${channels.length} channels, ${unread.length} can’t be shown, because of another size or kind: ${someOf(unread)}.`,
    );
  }
  return { opened, notes: [...notes, ...beyondNotes(channels.length)] };
}

function someOf(names: readonly string[]): string {
  const more = names.length - 4;
  return more > 0 ? `${names.slice(0, 4).join(', ')} and ${more} more` : names.join(', ');
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
