/** The separate channels of a slide (fluorescence), and which of them a picture shows in which colours. */

/** Red, green and blue, whole numbers from 0 to 255. */
export type ChannelColour = readonly [red: number, green: number, blue: number];

/** The values shown as black and as full intensity; `low < high`. */
export type ValueWindow = readonly [low: number, high: number];

/** A channel as the file describes it; structured-cloneable. */
export interface SlideChannel {
  /** As in the file; empty where it gives none. */
  readonly name: string;
  /** The file's, or a default where it gives none. */
  readonly colour: ChannelColour;
  /** Whether it is shown unless a view says otherwise. */
  readonly on: boolean;
  /** Values are whole numbers from 0 to 2^bits − 1. */
  readonly bits: 8 | 16;
  /** The file's; null where it gives none and the window is measured (`ChannelMeasure`). */
  readonly window: ValueWindow | null;
}

/** How a picture shows one channel. */
export interface ChannelSetting {
  readonly on: boolean;
  readonly colour: ChannelColour;
  /** null: the file's, or else the measured one. */
  readonly window: ValueWindow | null;
}

/** How a picture shows a slide: one setting for each of its channels, in their order. */
export type ChannelView = readonly ChannelSetting[];

/** What is measured of a channel on the smallest level. */
export interface ChannelMeasure {
  /** From near the darkest to near the brightest value. */
  readonly window: ValueWindow;
  /** Smallest and largest value. */
  readonly least: number;
  readonly most: number;
  /** Pixels by value, in equal steps from `least` to `most`. */
  readonly histogram: readonly number[];
}

/** Channels shown unless a view says otherwise: the first ones. More would be mud. */
export const defaultShownChannels = 4;
/** Most channels shown at once: each tile of each is read and decoded. */
export const maxShownChannels = 8;
/** Most channels of a slide to choose from. */
export const maxSelectableChannels = 64;

/** The view of a slide that nobody has changed. */
export function defaultChannelView(channels: readonly SlideChannel[]): ChannelView {
  return channels.map(({ on, colour }) => ({ on, colour, window: null }));
}

/** The name of a channel, or its number from 1 where it has none. */
export function channelTitle({ name }: Pick<SlideChannel, 'name'>, index: number): string {
  return name === '' ? `Channel ${index + 1}` : name;
}

/** Default colours: the first ones are distinguishable to red-green blind viewers, too. */
const palette: readonly ChannelColour[] = [
  [70, 110, 255],
  [0, 255, 0],
  [255, 40, 40],
  [255, 220, 0],
  [255, 0, 255],
  [0, 225, 255],
  [255, 140, 0],
  [255, 255, 255],
];

/** The colour of the channel at `index`, counted from 0, where the file gives none. */
export function defaultColour(index: number): ChannelColour {
  return palette[index % palette.length]!;
}
