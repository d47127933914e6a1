/** The encoded bytes of tiles and strips. */
import { brokenTile } from '../broken-tile.ts';
import { maxTileBytes } from '../limits.ts';
import { SlideError } from '../slide.ts';
import { isByteCodec } from './codecs.ts';
import { compression, tag } from './tags.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';

/**
 * Bytes of tile or strip `index`; null where the file omits it.
 * @throws SlideError `broken-tile`.
 */
export async function blockBytes(
  file: TiffFile,
  directory: TiffDirectory,
  index: number,
  where: string,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const tiled = directory.has(tag.tileOffsets);
  const broken = (problem: string): Error => brokenTile(file.source.name, where, problem);
  const [raw, length] = await Promise.all([
    directory.numberAt(tiled ? tag.tileOffsets : tag.stripOffsets, index, signal),
    directory.numberAt(tiled ? tag.tileByteCounts : tag.stripByteCounts, index, signal),
  ]).catch((error: unknown) => {
    if (error instanceof SlideError && error.code === 'truncated')
      throw broken('The file ends before its offset.');
    throw error;
  });
  if (raw === undefined || length === undefined) throw broken('Its offset in the file is missing.');
  // Scanners omit empty tiles: they have zero bytes or offset zero.
  if (length === 0 || raw === 0) return null;
  const offset = file.near(raw, directory.offset);
  if (!(offset + length <= file.source.size)) throw broken('It is past the end of the file.');
  if (length > maxTileBytes) throw broken(`It claims ${length} bytes.`);
  const bytes = await file.source.read(offset, length, signal);
  if (bytes.length < length) throw broken('The file ends within it.');
  // As libtiff does; encoded images have an order of their own.
  const isReversed =
    directory.number(tag.fillOrder) === 2 &&
    isByteCodec(directory.number(tag.compression) ?? compression.none);
  return isReversed ? bytes.map((byte) => reversed[byte]!) : bytes;
}

/** Each byte with its bits in reverse order. */
const reversed = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0;
  for (let i = 0; i < 8; i++) if ((byte >> i) & 1) bits |= 128 >> i;
  return bits;
});
