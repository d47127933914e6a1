/**
 * Fluorescence: combines separate channels into one picture, each in its colour, added up. Each channel is stretched over
 * its window: the view's, else the file's, else a measured one. For every format with channels.
 */
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { channelCacheBytes } from '../limits.ts';
import { SlideError, type RgbaImage, type SlidePlatform } from '../slide.ts';
import type { TileGrid } from '../tile-grid.ts';
import { measureChannel } from './channel-measure.ts';
import {
  defaultColour,
  defaultShownChannels,
  maxShownChannels,
  type ChannelColour,
  type ChannelMeasure,
  type ChannelView,
  type SlideChannel,
  type ValueWindow,
} from './channel-view.ts';
import type { GreyChannel, GreyGrid, GreyValues } from './grey-channel.ts';

/** Pictures of a slide with separate channels. */
export interface ChannelPicture {
  readonly channels: readonly SlideChannel[];
  /** Whether the channels are the colours of a brightfield picture, which is not stretched and has no channels to choose. */
  readonly isBrightfield: boolean;
  /** The levels as a view shows them. Cheap: nothing is read. */
  levels(view: ChannelView): readonly TileGrid[];
  /** Measures the channel at `index`; once. */
  measure(index: number, platform: SlidePlatform): Promise<ChannelMeasure>;
}

/** Measures each channel when it is first needed. Areas of one slide share it, so that equal values look equal. */
export class ChannelMeasures {
  readonly #grids: readonly (readonly GreyGrid[])[];
  readonly #measured: (Promise<ChannelMeasure> | undefined)[] = [];

  /** @param areas the channels of each area, the same ones in the same order. */
  constructor(areas: readonly (readonly GreyChannel[])[]) {
    const [first = []] = areas;
    this.#grids = first.map((_, i) => areas.flatMap((channels) => channels[i]?.levels.at(-1)?.image ?? []));
  }

  measure(index: number, platform: SlidePlatform): Promise<ChannelMeasure> {
    const grids = this.#grids[index];
    if (grids === undefined) throw new RangeError(`There is no channel ${index}.`);
    const measured = (this.#measured[index] ??= measureChannel(grids, platform));
    measured.catch(() => (this.#measured[index] = undefined));
    return measured;
  }
}

/**
 * Pictures of channels; as many levels as each channel has.
 * @param channels at least one. @param file the slide's name, for the message.
 * @throws SlideError `unsupported` (channels of different sizes).
 */
export function compositeOf(
  channels: readonly GreyChannel[],
  file: string,
  measures = new ChannelMeasures([channels]),
): ChannelPicture {
  const first = channels[0]!.levels;
  const count = Math.min(...channels.map(({ levels }) => levels.length));
  if (!channels.every((channel) => isAlike(channel, channels[0]!, count))) {
    throw new SlideError(
      'unsupported',
      file,
      'Its channels differ in size.',
      'Export it again with channels of equal size.',
    );
  }
  if (count === 0) {
    throw new SlideError(
      'corrupt',
      file,
      'One of its channels has no picture at full size.',
      'Copy or export it again.',
    );
  }
  const { described, isBrightfield } = describedChannels(channels);
  // One slide at a time is looked at; moving a slider shows the same tiles again.
  const cache = new LeastRecentlyUsed<string, GreyValues>(channelCacheBytes, ({ byteLength }) => byteLength);
  const values = async (
    place: TilePlace,
    channel: number,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<GreyValues | null> => {
    const { level, column, row } = place;
    const key = `${channel} ${level} ${column} ${row}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const read = await channels[channel]!.levels[level]!.image.values(column, row, platform, signal);
    if (read !== null) cache.set(key, read);
    return read;
  };
  return {
    channels: described,
    isBrightfield,
    measure: (index, platform) => measures.measure(index, platform),
    levels: (view) => {
      const shown = described
        .flatMap((channel, index) => {
          const setting = view[index];
          return setting?.on === true ? [{ index, setting, channel }] : [];
        })
        .slice(0, maxShownChannels)
        .map(({ index, setting, channel }): ShownChannel => ({
          index,
          shades: lazily(async (platform) =>
            shadesOf(
              channel.bits,
              setting.colour,
              setting.window ?? channel.window ?? (await measures.measure(index, platform)).window,
            ),
          ),
        }));
      return first.slice(0, count).map(({ image, scale }, level) => ({
        width: scale.width,
        height: scale.height,
        downsample: scale.downsample,
        tileWidth: image.tileWidth,
        tileHeight: image.tileHeight,
        columns: Math.ceil(scale.width / image.tileWidth),
        rows: Math.ceil(scale.height / image.tileHeight),
        tile: async (column, row, platform, signal) => {
          const layers = await Promise.all(
            shown.map(async ({ index, shades }) => ({
              shades: await shades(platform),
              values: await values({ level, column, row }, index, platform, signal),
            })),
          );
          return { kind: 'pixels', image: addedUp(layers, image.tileWidth, image.tileHeight) };
        },
      }));
    },
  };
}

/** Whether the first `count` levels of two channels have the same tiles. */
export function isAlike(one: GreyChannel, other: GreyChannel, count: number): boolean {
  return (
    one.levels.length >= count &&
    one.levels.slice(0, count).every(({ image }, i) => {
      const reference = other.levels[i]?.image;
      return (
        image.width === reference?.width &&
        image.height === reference.height &&
        image.tileWidth === reference.tileWidth &&
        image.tileHeight === reference.tileHeight
      );
    })
  );
}

/** Whether the channels are red, green and blue of 8 bits. */
function isSplitRgb(channels: readonly SlideChannel[]): boolean {
  return (
    channels.length === 3 &&
    channels.every(
      ({ bits, colour }, i) => bits === 8 && colour.every((value, axis) => value === (axis === i ? 255 : 0)),
    )
  );
}

/** The longest name that is kept, in characters. */
const longestName = 100;

const white = [255, 255, 255] as const;

function describedChannels(channels: readonly GreyChannel[]): {
  readonly described: readonly SlideChannel[];
  readonly isBrightfield: boolean;
} {
  const own = channels.some(({ colour }) => colour?.some((value) => value < 255));
  // What the file has switched on counts, if that is anything.
  const isOn = channels.some(({ on }) => on === true)
    ? ({ on }: GreyChannel): boolean => on === true
    : (): boolean => true;
  const shown = new Set(channels.filter(isOn).slice(0, defaultShownChannels));
  const described = channels.map((channel, index): SlideChannel => {
    const { name, colour, grey, levels, window } = channel;
    return {
      name: name.slice(0, longestName),
      colour: (own ? colour : null) ?? (grey === true ? white : defaultColour(index)),
      on: shown.has(channel),
      bits: levels[0]!.image.bits,
      window: window != null && window[1] > window[0] ? window : null,
    };
  });
  const isBrightfield = isSplitRgb(described) && !channels.some(({ stain }) => stain === true);
  if (!isBrightfield) return { described, isBrightfield };
  return { described: described.map((channel) => ({ ...channel, window: [0, 255] })), isBrightfield };
}

interface TilePlace {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

/** What each value of a channel adds to red, green and blue; null where that is nothing for all values. */
type Shades = readonly (Uint8ClampedArray | null)[];

interface ShownChannel {
  readonly index: number;
  readonly shades: (platform: SlidePlatform) => Promise<Shades>;
}

/** Makes something when it is first needed; again where that failed. */
function lazily<T>(make: (platform: SlidePlatform) => Promise<T>): (platform: SlidePlatform) => Promise<T> {
  let made: Promise<T> | null = null;
  return (platform) => {
    made ??= make(platform).catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}

function shadesOf(bits: 8 | 16, colour: ChannelColour, [low, high]: ValueWindow): Shades {
  const scale = 1 / Math.max(1, high - low);
  return colour.map((full) => {
    if (full === 0) return null;
    // Clamped arrays clip and round.
    const shades = new Uint8ClampedArray(2 ** bits);
    for (let value = 0; value < shades.length; value++) {
      shades[value] = full * Math.min(1, Math.max(0, (value - low) * scale));
    }
    return shades;
  });
}

/** The sum of all layers; each is rounded before, so that their order makes no difference. */
function addedUp(
  layers: readonly { readonly shades: Shades; readonly values: GreyValues | null }[],
  width: number,
  height: number,
): RgbaImage {
  const data = new Uint8ClampedArray(width * height * 4);
  for (const { shades, values } of layers) {
    if (values === null) continue;
    for (const [axis, added] of shades.entries()) {
      if (added === null) continue;
      for (let i = 0, o = axis; i < values.length; i++, o += 4) data[o] = data[o]! + added[values[i]!]!;
    }
  }
  for (let o = 3; o < data.length; o += 4) data[o] = 255;
  return { width, height, data };
}
