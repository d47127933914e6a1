/**
 * Compressors of Zarr chunks. The library's own unpack whatever a chunk claims to hold; these stop at the size that its
 * shape allows.
 */
import { registry } from 'zarrita';
import { crc32c } from '../../base/crc32.ts';
import { unzstd } from '../tiff/zstd.ts';
import { product } from './array-description.ts';
import { unblosc } from './blosc.ts';
import { ungzipped, unzlibbed } from './inflated.ts';

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
      encode: notWritten,
      decode: (bytes: Uint8Array) => decode(bytes, limitOf(metadata)),
    }),
  };
}

/** What the library does besides: nothing that takes more than its input. */
const kept: readonly string[] = ['bytes', 'transpose'];

const notWritten = (): never => {
  throw new Error('Chunks are only read.');
};

/** CRC-32C after the values (Zarr 3, crc32c codec), which the library does not check. */
const checksum = {
  kind: 'bytes_to_bytes',
  encode: notWritten,
  decode: beforeChecksum,
  computeEncodedSize: (size: number) => size + 4,
} as const;

function beforeChecksum(bytes: Uint8Array): Uint8Array {
  const at = bytes.length - 4;
  if (at < 0) throw new Error('The chunk ends early.');
  const values = bytes.subarray(0, at);
  const stated = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);
  if (crc32c(values) !== stated) throw new Error('The checksum is wrong.');
  return values;
}

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
    gzip: limited(ungzipped),
    zlib: limited(unzlibbed),
    crc32c: { fromConfig: () => checksum },
  };
  for (const [name, codec] of Object.entries(limitedOnes)) {
    codecs.set(name, () => codec);
    // Of Zarr 2.
    codecs.set(`numcodecs.${name}`, () => codec);
  }
}
