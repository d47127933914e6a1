/**
 * Fluorescence: combines separate channels into one picture, each in its colour, added up. Each channel is
 * stretched from near its darkest to near its brightest value, measured on the smallest level, unless its file says from
 * where to where. For every format with channels.
 */
import type { LevelScale } from './pyramid.ts';
import { SlideError, type RgbaImage, type SlidePlatform } from './slide.ts';
import type { TileGrid } from './tiff/tiff-slide.ts';

/** Most channels to add up; more would be mud. */
export const maxCompositeChannels = 4;

/** The values of one channel at one level, in tiles. */
export interface GreyGrid {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly bits: 8 | 16;
  /**
   * Values of a tile, `tileWidth × tileHeight`, row by row; null where the file omits it.
   * @throws SlideError `broken-tile`.
   */
  values(
    column: number,
    row: number,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<Uint8Array | Uint16Array | null>;
}

/** A channel to show. */
export interface GreyChannel {
  /** From the largest down. */
  readonly levels: readonly { readonly image: GreyGrid; readonly scale: LevelScale }[];
  /** null where the file gives none, or white for every channel. */
  readonly colour: readonly [number, number, number] | null;
  /** Shown in grey, for a channel that is alone and no fluorescence. */
  readonly grey?: boolean;
  /** Values shown as black and as full intensity, where the file gives them. */
  readonly range?: readonly [low: number, high: number] | null;
}

/** What the user is told of the channels: their names, and how many are not shown. */
export function channelNames(channels: readonly { readonly name: string }[]): string {
  const shown = channels.slice(0, maxCompositeChannels).map((channel, i) => channel.name || `${i + 1}`);
  const left = channels.length - shown.length;
  return left === 0 ? shown.join(', ') : `${shown.join(', ')} (${left} more not shown)`;
}

/** Default channel colours, distinguishable to red-green blind viewers too. */
const defaultColours = [
  [70, 110, 255],
  [0, 255, 0],
  [255, 40, 40],
  [255, 220, 0],
] as const;

/** Share of pixels clipped at the dark and at the bright end. */
const darkShare = 0.01;
const brightShare = 0.002;
/** Tiles of the smallest level that are sampled for the range. */
const maxRangeTiles = 64;

interface ShownChannel {
  readonly levels: GreyChannel['levels'];
  readonly colour: readonly [number, number, number];
  /** Measured with the first tile where it is not given. */
  range: Promise<readonly [number, number]> | null;
}

/**
 * The levels of a composite: as many as each channel has.
 * @param channels at most `maxCompositeChannels`. @param file the slide's name, for the message.
 * @throws SlideError `unsupported` (channels of different sizes).
 */
export function compositeOf(channels: readonly GreyChannel[], file: string): TileGrid[] {
  const own = channels.some((one) => one.colour?.some((value) => value < 255));
  const shown = channels.map(({ levels, colour, range, grey }, index): ShownChannel => ({
    levels,
    colour:
      grey === true
        ? [255, 255, 255]
        : ((own ? colour : null) ?? defaultColours[index % defaultColours.length]!),
    range: range == null ? null : Promise.resolve(range),
  }));
  const first = shown[0]?.levels ?? [];
  const count = Math.min(...shown.map((channel) => channel.levels.length));
  for (const { levels } of shown) {
    for (const [i, { image }] of levels.slice(0, count).entries()) {
      const other = first[i]!.image;
      if (
        image.width !== other.width ||
        image.height !== other.height ||
        image.tileWidth !== other.tileWidth ||
        image.tileHeight !== other.tileHeight
      ) {
        throw new SlideError(
          'unsupported',
          file,
          'Its channels differ in size.',
          'Export it again with channels of equal size.',
        );
      }
    }
  }
  if (isSplitRgb(shown)) for (const channel of shown) channel.range ??= Promise.resolve([0, 255]);
  return first.slice(0, count).map(({ image, scale }, level) => ({
    width: scale.width,
    height: scale.height,
    downsample: scale.downsample,
    tileWidth: image.tileWidth,
    tileHeight: image.tileHeight,
    columns: Math.ceil(scale.width / image.tileWidth),
    rows: Math.ceil(scale.height / image.tileHeight),
    tile: async (column, row, platform, signal) => ({
      kind: 'pixels',
      image: await compositeTile(shown, level, column, row, platform, signal),
    }),
  }));
}

/** Planar red, green and blue of 8 bits: a brightfield image, which must not be stretched. */
function isSplitRgb(channels: readonly ShownChannel[]): boolean {
  return (
    channels.length === 3 &&
    channels.every(
      ({ levels, colour }, i) =>
        levels[0]!.image.bits === 8 && colour.every((value, axis) => value === (axis === i ? 255 : 0)),
    )
  );
}

async function compositeTile(
  channels: readonly ShownChannel[],
  level: number,
  column: number,
  row: number,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<RgbaImage> {
  const { tileWidth: width, tileHeight: height } = channels[0]!.levels[level]!.image;
  const data = new Uint8ClampedArray(width * height * 4);
  const read = await Promise.all(
    channels.map(async (channel) => {
      const range = await rangeOf(channel, platform);
      const values = await channel.levels[level]!.image.values(column, row, platform, signal);
      return { range, values, colour: channel.colour };
    }),
  );
  // In their order, whichever came first: every sum is rounded.
  for (const { range, values, colour } of read) {
    if (values === null) continue;
    const [low, high] = range;
    const [red, green, blue] = colour;
    const scale = 1 / Math.max(1, high - low);
    for (let i = 0, o = 0; i < values.length; i++, o += 4) {
      const share = Math.min(1, Math.max(0, (values[i]! - low) * scale));
      if (share === 0) continue;
      data[o] = data[o]! + red * share;
      data[o + 1] = data[o + 1]! + green * share;
      data[o + 2] = data[o + 2]! + blue * share;
    }
  }
  for (let o = 3; o < data.length; o += 4) data[o] = 255;
  return { width, height, data };
}

function rangeOf(channel: ShownChannel, platform: SlidePlatform): Promise<readonly [number, number]> {
  channel.range ??= findRange(channel.levels.at(-1)!.image, platform).catch((error: unknown) => {
    channel.range = null;
    throw error;
  });
  return channel.range;
}

/**
 * The values below and above which the darkest and brightest pixels are clipped; from evenly spread tiles.
 */
async function findRange(grid: GreyGrid, platform: SlidePlatform): Promise<readonly [number, number]> {
  const histogram = new Uint32Array(2 ** grid.bits);
  const tiles = grid.columns * grid.rows;
  const step = Math.max(1, tiles / maxRangeTiles);
  let total = 0;
  for (let at = 0; at < tiles; at += step) {
    const index = Math.floor(at);
    const [column, row] = [index % grid.columns, Math.floor(index / grid.columns)];
    const values = await grid.values(column, row, platform).catch(() => null);
    if (values === null) continue;
    // Without pixels beyond the border, which are zero or repeat the edge.
    const width = Math.min(grid.tileWidth, grid.width - column * grid.tileWidth);
    const height = Math.min(grid.tileHeight, grid.height - row * grid.tileHeight);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) histogram[values[y * grid.tileWidth + x]!]!++;
    }
    total += width * height;
  }
  let low = 0;
  for (let seen = histogram[0]!; low < histogram.length - 1 && seen <= total * darkShare;) {
    seen += histogram[++low]!;
  }
  let high = histogram.length - 1;
  for (let seen = histogram[high]!; high > low && seen <= total * brightShare;) seen += histogram[--high]!;
  return [low, high > low ? high : low + 1];
}
