/**
 * Compressors of Zarr chunks. The library's own unpack whatever a chunk claims to hold; these stop at the size that its
 * shape allows.
 */
import { Gunzip, Unzlib } from 'fflate';
import { registry } from 'zarrita';
import { unzstd } from '../tiff/zstd.ts';
import { product } from './array-description.ts';
import { unblosc } from './blosc.ts';
import { inflated } from './inflated.ts';

interface ChunkMetadata {
  readonly shape: readonly number[];
  readonly dataType: string;
}

/** For checksums after the values. */
const slack = 64;
const limitOf = ({ shape, dataType }: ChunkMetadata): number =>
  product(shape) * (dataType.includes('16') ? 2 : dataType.includes('64') ? 8 : 1) + slack;

/** A compressor that decodes within a limit. */
function limited(decode: (bytes: Uint8Array, limit: number) => Uint8Array): unknown {
  return {
    fromConfig: (_configuration: unknown, metadata: ChunkMetadata) => ({
      kind: 'bytes_to_bytes',
      encode: () => {
        throw new Error('Chunks are only read.');
      },
      decode: (bytes: Uint8Array) => decode(bytes, limitOf(metadata)),
    }),
  };
}

/** What the library does besides: nothing that takes more than its input. */
const kept: readonly string[] = ['bytes', 'transpose', 'crc32c'];

let isLimited = false;

/** Replaces the library's compressors. */
export function limitCodecs(): void {
  if (isLimited) return;
  isLimited = true;
  const codecs = registry as unknown as Map<string, () => unknown>;
  for (const name of [...codecs.keys()]) if (!kept.includes(name)) codecs.delete(name);
  const limitedOnes = {
    blosc: limited(unblosc),
    zstd: limited(unzstd),
    gzip: limited((bytes, limit) => inflated(new Gunzip(), bytes, limit)),
    zlib: limited((bytes, limit) => inflated(new Unzlib(), bytes, limit)),
  };
  for (const [name, codec] of Object.entries(limitedOnes)) {
    codecs.set(name, () => codec);
    // Of Zarr 2.
    codecs.set(`numcodecs.${name}`, () => codec);
  }
}
