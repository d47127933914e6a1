/** A slide whose picture depends on a channel view. */
import type { Slide, SlidePlatform } from '../slide.ts';
import type { TileGrid } from '../tile-grid.ts';
import {
  channelTitle,
  defaultChannelView,
  maxSelectableChannels,
  type SlideChannel,
} from './channel-view.ts';
import type { ChannelPicture } from './composite.ts';

/**
 * Adds to a slide what its format knows of its channels: `metadata.channels` and `channels`.
 * @param slide shows the default view. @param picture of the same levels; null without channels.
 */
export function withChannels(slide: Slide, picture: ChannelPicture | null, platform: SlidePlatform): Slide {
  if (picture === null || picture.isBrightfield) return slide;
  const metadata = { ...slide.metadata, channels: picture.channels };
  const { name } = metadata;
  const others: Omit<Slide, 'tile'> = {
    metadata,
    associatedImage: (...call) => slide.associatedImage(...call),
    iccProfile: (...call) => slide.iccProfile(...call),
    close: () => slide.close(),
    channels: {
      measure: (index) => picture.measure(index, platform),
      shownAs: (view) => {
        const levels = picture.levels(view);
        return {
          ...others,
          async tile(level, column, row, signal) {
            const grid = levels[level];
            if (
              grid === undefined ||
              !(column >= 0 && row >= 0 && column < grid.columns && row < grid.rows)
            ) {
              throw new RangeError(`${name} has no tile ${column}, ${row} at level ${level}.`);
            }
            return grid.tile(column, row, platform, signal);
          },
        };
      },
    },
  };
  return { ...others, tile: (...call) => slide.tile(...call) };
}

/** The channels' names, as a property. */
function channelNames(channels: readonly SlideChannel[]): string {
  return channels.map(channelTitle).join(', ');
}

/** What a picture of the default view leaves out: notes for `metadata.notes`. */
function channelNotes(channels: readonly SlideChannel[]): string[] {
  const shown = channels.filter(({ on }) => on).length;
  return shown < channels.length
    ? [`${shown} of its ${channels.length} channels are shown unless others are chosen.`]
    : [];
}

/** The levels that the default view shows. */
const defaultLevels = (picture: ChannelPicture): ReturnType<ChannelPicture['levels']> =>
  picture.levels(defaultChannelView(picture.channels));

/** What a format takes into its contents of a file with channels. */
export interface CompositeContents {
  readonly picture: ChannelPicture;
  /** Of the default view. */
  readonly levels: readonly TileGrid[];
  readonly notes: readonly string[];
  /** The channels' names. */
  readonly names: string;
}

/** @param notes of the channels that are not among the picture's. */
export function compositeParts(picture: ChannelPicture, notes: readonly string[]): CompositeContents {
  const { channels } = picture;
  return {
    picture,
    levels: defaultLevels(picture),
    names: channelNames(channels),
    notes: [...channelNotes(channels), ...notes],
  };
}

/** What is said of channels beyond the most that can be chosen. @param count all channels of the file. */
export function beyondNotes(count: number): string[] {
  return count > maxSelectableChannels
    ? [`Of its ${count} channels, only the first ${maxSelectableChannels} can be shown.`]
    : [];
}
