/**
 * Compressors of Zarr chunks. The library's own unpack whatever a chunk claims to hold; these stop at the size that its
 * shape allows.
 */
import { Gunzip, Unzlib } from 'fflate';
import { registry } from 'zarrita';
import { tooLong } from '../tiff/codecs.ts';
import { unzstd } from '../tiff/zstd.ts';
import { product } from './array-description.ts';

interface ChunkMetadata {
  readonly shape: readonly number[];
  readonly dataType: string;
}

/** For checksums after the values. */
const slack = 64;
/** Bytes unpacked at once: to a thousand times as many at most. */
const pieceBytes = 16 * 1024;

const limitOf = ({ shape, dataType }: ChunkMetadata): number =>
  product(shape) * (dataType.includes('16') ? 2 : dataType.includes('64') ? 8 : 1) + slack;

/** A compressor that decodes within a limit. */
function limited(decode: (bytes: Uint8Array, limit: number) => Uint8Array | Promise<Uint8Array>): unknown {
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

function inflated(stream: Gunzip | Unzlib, bytes: Uint8Array, limit: number): Uint8Array {
  const output = new Uint8Array(limit);
  let filled = 0;
  stream.ondata = (piece) => {
    if (filled + piece.length > limit) throw tooLong();
    output.set(piece, filled);
    filled += piece.length;
  };
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    stream.push(bytes.subarray(at, at + pieceBytes), at + pieceBytes >= bytes.length);
  }
  return output.slice(0, filled);
}

interface Decoder {
  decode(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

interface DecoderClass {
  fromConfig(configuration: unknown, metadata: unknown): Decoder;
}

/** The library's Blosc, a wasm module that it loads with the first chunk. */
let loadBlosc: (() => Promise<DecoderClass>) | null = null;

/** What it needs to know for encoding. */
const bloscSettings = { clevel: 5, cname: 'lz4', shuffle: 1, blocksize: 0 };

/** The header says how much the rest holds (Blosc 1, chunk format). */
async function unblosc(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  if (bytes.length < 16) throw new Error('It ends early.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(4, true) > limit) throw tooLong();
  if (view.getUint32(12, true) > bytes.length) throw new Error('It ends early.');
  const blosc = await loadBlosc?.();
  if (blosc === undefined) throw new Error('Blosc is not loaded.');
  return blosc.fromConfig(bloscSettings, {}).decode(bytes);
}

/** What the library does besides: nothing that takes more than its input. */
const kept: readonly string[] = ['bytes', 'transpose', 'crc32c'];

/** Replaces the library's compressors. */
export function limitCodecs(): void {
  if (loadBlosc !== null) return;
  const codecs = registry as unknown as Map<string, () => unknown>;
  loadBlosc = codecs.get('blosc') as () => Promise<DecoderClass>;
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
