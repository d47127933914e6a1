/** The channels of an OME-Zarr image, and their values. */
import { maxSelectableChannels } from '../channels/channel-view.ts';
import type { GreyChannel, GreyGrid } from '../channels/grey-channel.ts';
import type { LevelScale } from '../pyramid.ts';
import type { ChunkReader } from './chunk-reader.ts';
import type { OmeChannel, OmePyramid } from './ome-metadata.ts';

/** A channel and its number in the arrays. */
export type NumberedChannel = Omit<GreyChannel, 'levels'> & { readonly number: number };

const rgb = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
] as const;

/** The channels of an image; red, green and blue where three of 8 bits have no colours. */
export function channelsOf(
  { channels: described, axes }: OmePyramid,
  { description: { shape, bits } }: ChunkReader,
): { readonly channels: readonly NumberedChannel[]; readonly count: number } {
  const count = shape[axes.c] ?? 1;
  const all = Array.from({ length: Math.min(count, maxSelectableChannels) }, (_, number) => ({
    number,
    ...(described[number] ?? ({ name: '', colour: null, range: null, active: true } satisfies OmeChannel)),
  }));
  const isRgb =
    count === 3 &&
    bits === 8 &&
    all.every(({ colour }, i) => colour === null || colour.every((value, axis) => value === rgb[i]![axis]));
  const channels = all.map(({ number, name, colour, range, active }): NumberedChannel => ({
    number,
    name,
    colour: isRgb ? rgb[number]! : colour,
    window: range,
    on: isRgb || active,
    grey: count === 1 && (colour === null || colour.every((value) => value === 255)),
  }));
  return { channels, count };
}

/** Numbers of the chunk that holds a tile of a channel. */
export function chunkAt(
  { axes, dimensions, shown }: OmePyramid,
  { description: { chunk, shape } }: ChunkReader,
  channel: number,
  column: number,
  row: number,
): number[] {
  const at = new Array<number>(dimensions).fill(0);
  const set = (axis: number, index: number): void => {
    if (axis >= 0) at[axis] = Math.floor(Math.min(index, shape[axis]! - 1) / chunk[axis]!);
  };
  set(axes.c, channel);
  set(axes.z, shown.z);
  set(axes.t, shown.t);
  at[axes.x] = column;
  at[axes.y] = row;
  return at;
}

export function greyGrid(
  reader: ChunkReader,
  scale: LevelScale,
  pyramid: OmePyramid,
  channel: number,
): GreyGrid {
  const { chunk, shape, bits } = reader.description;
  const { axes, shown } = pyramid;
  const [tileWidth, tileHeight] = [chunk[axes.x]!, chunk[axes.y]!];
  return {
    width: scale.width,
    height: scale.height,
    tileWidth,
    tileHeight,
    columns: Math.ceil(scale.width / tileWidth),
    rows: Math.ceil(scale.height / tileHeight),
    bits,
    async values(column, row, _platform, signal) {
      const { values, strides } = await reader.chunk(chunkAt(pyramid, reader, channel, column, row), signal);
      let start = 0;
      for (const [axis, index] of [
        [axes.c, channel],
        [axes.z, shown.z],
        [axes.t, shown.t],
      ] as const) {
        if (axis >= 0) start += (Math.min(index, shape[axis]! - 1) % chunk[axis]!) * strides[axis]!;
      }
      const [stepX, stepY] = [strides[axes.x]!, strides[axes.y]!];
      const plane =
        bits === 8 ? new Uint8Array(tileWidth * tileHeight) : new Uint16Array(tileWidth * tileHeight);
      for (let y = 0, o = 0; y < tileHeight; y++) {
        for (let x = 0, i = start + y * stepY; x < tileWidth; x++, i += stepX, o++) plane[o] = values[i]!;
      }
      return plane;
    },
  };
}

export function stackNotes({ axes, shown }: OmePyramid, { description: { shape } }: ChunkReader): string[] {
  const note = (axis: number, index: number, what: string): string[] => {
    const count = shape[axis] ?? 1;
    if (axis < 0 || count < 2) return [];
    return [`${what} ${Math.min(index, count - 1) + 1} of ${count} is shown.`];
  };
  return [...note(axes.z, shown.z, 'Focal plane'), ...note(axes.t, shown.t, 'Time')];
}
