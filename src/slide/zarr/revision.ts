/**
 * Whether the chunks of an image are still those that results were made of. Its description stays the same when they are
 * written again, and all of them may be many gigabytes: some of its coarsest levels, which are made from the others, are read.
 */
import { SlideError } from '../slide.ts';
import { chunkAt } from './channel-planes.ts';
import { product } from './array-description.ts';
import type { ChunkReader, ChunkValues } from './chunk-reader.ts';
import type { OmePyramid } from './ome-metadata.ts';

/** Coarsest levels that are looked at, and most chunks and bytes of values of each. */
const sampledLevels = 2;
const mostChunks = 16;
const mostBytes = 16 * 1024 * 1024;

/**
 * A digest of chunks that are spread over the coarsest levels and their channels, at places that depend on the shapes alone.
 * @throws SlideError when the folder can't be read; a damaged chunk counts as one.
 */
export async function sampledValues(
  levels: readonly { readonly reader: ChunkReader }[],
  pyramid: OmePyramid,
  channels: number,
): Promise<string> {
  const places = levels.slice(-sampledLevels).flatMap(({ reader }) => placesIn(reader, pyramid, channels));
  const digests = await Promise.all(
    places.map(async ({ reader, at }) => {
      try {
        return await digest((await reader.chunk(at)).values);
      } catch (error) {
        // What can't be reached now is not damaged.
        if (!(error instanceof SlideError) || error.code !== 'broken-tile') throw error;
        if (error.cause instanceof SlideError) throw error.cause;
        return 'damaged';
      }
    }),
  );
  return digests.join();
}

function placesIn(
  reader: ChunkReader,
  pyramid: OmePyramid,
  channels: number,
): { readonly reader: ChunkReader; readonly at: readonly number[] }[] {
  const { shape, chunk, bits } = reader.description;
  const { x, y, c } = pyramid.axes;
  const columns = Math.ceil(shape[x]! / chunk[x]!);
  const rows = Math.ceil(shape[y]! / chunk[y]!);
  const perChunk = c < 0 ? channels : Math.min(channels, chunk[c]!);
  const planes = Math.ceil(channels / perChunk);
  const total = columns * rows * planes;
  const most = Math.min(mostChunks, Math.max(1, Math.floor(mostBytes / ((product(chunk) * bits) / 8))));
  const count = Math.min(total, most);
  return Array.from({ length: count }, (_, i) => {
    // Odd steps through the chunks: even ones would keep to a few columns.
    const n = Math.floor(((i + 0.5) * total) / count);
    const [column, row] = [n % columns, Math.floor(n / columns) % rows];
    const plane = Math.floor(n / (columns * rows));
    return { reader, at: chunkAt(pyramid, reader, plane * perChunk, column, row) };
  });
}

async function digest(values: ChunkValues): Promise<string> {
  const { buffer, byteOffset, byteLength } = values;
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
