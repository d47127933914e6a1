/** Which channels of an OME-Zarr image are shown, and their values. */
import { maxCompositeChannels, type GreyChannel, type GreyGrid } from '../channel-composite.ts';
import type { LevelScale } from '../pyramid.ts';
import type { ChunkReader } from './chunk-reader.ts';
import type { OmeChannel, OmePyramid } from './ome-metadata.ts';

export type ShownChannel = Omit<GreyChannel, 'levels'> & { readonly number: number };

const rgb = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
] as const;

/** Channels to show: those that the file has switched on; red, green and blue where three of 8 bits have no colours. */
export function shownChannels(
  { channels: described, axes }: OmePyramid,
  { description: { shape, bits } }: ChunkReader,
): {
  readonly channels: readonly ShownChannel[];
  readonly names: readonly { readonly name: string }[];
  readonly left: readonly string[];
} {
  const count = Math.min(shape[axes.c] ?? 1, 2 ** 16);
  const all = Array.from({ length: count }, (_, number) => ({
    number,
    ...(described[number] ?? ({ name: '', colour: null, range: null, active: true } satisfies OmeChannel)),
  }));
  const isRgb =
    count === 3 &&
    bits === 8 &&
    all.every(({ colour }, i) => colour === null || colour.every((value, axis) => value === rgb[i]![axis]));
  if (isRgb) {
    const channels = all.map(({ number }) => ({ number, colour: rgb[number]!, range: [0, 255] as const }));
    return { channels, names: [], left: [] };
  }
  const active = all.filter((one) => one.active);
  const order = active.length > 0 ? [...active, ...all.filter((one) => !one.active)] : all;
  const on = active.length > 0 ? active : all;
  const shown = on.slice(0, maxCompositeChannels);
  const off = all.length - on.length;
  const left: string[] = [];
  if (on.length > shown.length) left.push(`The first ${shown.length} of ${on.length} channels are shown.`);
  if (off > 0) {
    const names = all.filter((one) => !one.active).map(({ name, number }) => name || `${number + 1}`);
    left.push(
      `${off === 1 ? 'A channel' : `${off} channels`} that the file has switched off ${off === 1 ? 'is' : 'are'} not shown: ${names.slice(0, 4).join(', ')}${off > 4 ? ' and others' : ''}.`,
    );
  }
  return {
    channels: shown.map(({ number, colour, range }) => ({
      number,
      colour,
      range,
      grey: count === 1 && (colour === null || colour.every((value) => value === 255)),
    })),
    names: on.length > shown.length ? order : on,
    left,
  };
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
