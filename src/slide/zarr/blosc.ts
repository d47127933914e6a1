/**
 * Unpacks Blosc chunks (c-blosc 1, README_CHUNK_FORMAT): blocks in one of several compressions, with the bytes or bits of
 * values sorted by significance. Written here because the library's wasm module evaluates strings, which the page forbids.
 */
import { tooLong } from '../tiff/codecs.ts';
import { unzstd } from '../tiff/zstd.ts';
import { unzlibbed } from './inflated.ts';

const headerBytes = 16;

/** Flags of the header. */
const byteShuffled = 0x1;
const stored = 0x2;
const bitShuffled = 0x4;
const unsplit = 0x10;

/** Blocks are split by the bytes of a value where these are few and the parts long enough. */
const maxSplits = 16;
const leastSplitBytes = 128;

type Decompress = (bytes: Uint8Array, length: number) => Uint8Array;

/** By their number in the flags. */
const decompressors: Readonly<Record<number, Decompress>> = {
  0: unbloscLz,
  1: unlz4,
  3: unzlibbed,
  4: unzstd,
};

/**
 * @param limit bytes that the chunk may unpack to.
 * @throws Error when it is damaged, longer than the limit, or compressed by Snappy.
 */
export function unblosc(bytes: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  const early = new Error('It ends early.');
  if (bytes.length < headerBytes) throw early;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [version = 0, , flags = 0, typeSize = 0] = bytes;
  const length = view.getUint32(4, true);
  const blockSize = view.getUint32(8, true);
  if (length > limit) throw tooLong();
  if (view.getUint32(12, true) > bytes.length) throw early;
  const output = new Uint8Array(length);
  if ((flags & stored) !== 0) {
    if (bytes.length < headerBytes + length) throw early;
    output.set(bytes.subarray(headerBytes, headerBytes + length));
    return output;
  }
  const decompress = decompressors[flags >> 5];
  if (decompress === undefined) throw new Error('It is compressed by Snappy, which is not supported.');
  if (typeSize === 0 || blockSize === 0) throw new Error('Its header is damaged.');
  const blocks = Math.ceil(length / blockSize);
  if (headerBytes + 4 * blocks > bytes.length) throw early;
  for (let block = 0; block < blocks; block++) {
    const from = block * blockSize;
    const size = Math.min(blockSize, length - from);
    const isSplit =
      (flags & unsplit) === 0 &&
      size === blockSize &&
      typeSize <= maxSplits &&
      blockSize / typeSize >= leastSplitBytes;
    const parts = isSplit ? typeSize : 1;
    const part = Math.floor(size / parts);
    const unpacked = new Uint8Array(size);
    let at = view.getUint32(headerBytes + 4 * block, true);
    for (let i = 0; i < parts; i++) {
      if (at + 4 > bytes.length) throw early;
      const packed = view.getUint32(at, true);
      at += 4;
      if (at + packed > bytes.length) throw early;
      const piece = bytes.subarray(at, at + packed);
      const values = packed === part ? piece : decompress(piece, part);
      if (values.length !== part) throw early;
      unpacked.set(values, i * part);
      at += packed;
    }
    const target = output.subarray(from, from + size);
    if ((flags & byteShuffled) !== 0 && typeSize > 1) unshuffle(unpacked, target, typeSize);
    else if ((flags & bitShuffled) !== 0) unshuffleBits(unpacked, target, typeSize, version);
    else target.set(unpacked);
  }
  return output;
}

/** All first bytes of the values came first, then all second ones. */
function unshuffle(from: Uint8Array, to: Uint8Array, typeSize: number): void {
  const count = Math.floor(from.length / typeSize);
  for (let byte = 0; byte < typeSize; byte++) {
    for (let i = 0; i < count; i++) to[i * typeSize + byte] = from[byte * count + i]!;
  }
  to.set(from.subarray(count * typeSize), count * typeSize);
}

/** All first bits came first, eight values to a byte. Format 2 leaves blocks alone that are not of whole eights. */
function unshuffleBits(from: Uint8Array, to: Uint8Array, typeSize: number, version: number): void {
  const all = Math.floor(from.length / typeSize);
  const count = version <= 2 && all % 8 !== 0 ? 0 : all - (all % 8);
  const row = count / 8;
  for (let bit = 0; bit < typeSize * 8; bit++) {
    const [byte, mask] = [bit >> 3, 1 << (bit & 7)];
    for (let i = 0; i < count; i++) {
      if ((from[bit * row + (i >> 3)]! >> (i & 7)) & 1) {
        const at = i * typeSize + byte;
        to[at] = to[at]! | mask;
      }
    }
  }
  to.set(from.subarray(count * typeSize), count * typeSize);
}

/** Copies within the output; source and target may overlap. @throws Error. */
function copyWithin(output: Uint8Array, filled: number, distance: number, count: number): void {
  if (distance < 1 || distance > filled || filled + count > output.length) throw new Error('It is damaged.');
  for (let i = filled; i < filled + count; i++) output[i] = output[i - distance]!;
}

/** An LZ4 block (LZ4 block format). */
export function unlz4(bytes: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let at = 0;
  let filled = 0;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new Error('It ends early.');
    return value;
  };
  const longer = (count: number): number => {
    let total = count;
    if (count === 15) {
      let more: number;
      do total += more = byte();
      while (more === 255);
    }
    return total;
  };
  while (at < bytes.length) {
    const token = byte();
    const literals = longer(token >> 4);
    if (at + literals > bytes.length || filled + literals > length) throw new Error('It is damaged.');
    output.set(bytes.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    // The last sequence has only literals.
    if (at === bytes.length) break;
    const distance = byte() | (byte() << 8);
    const count = longer(token & 15) + 4;
    copyWithin(output, filled, distance, count);
    filled += count;
  }
  return output.subarray(0, filled);
}

/** Farthest match that needs no further bytes. */
const nearBloscLz = 8191;

/** BloscLZ, which is FastLZ of level 2. */
export function unbloscLz(bytes: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let at = 0;
  let filled = 0;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new Error('It ends early.');
    return value;
  };
  for (let first = true; at < bytes.length; first = false) {
    // The first instruction is always literals.
    const control = first ? byte() & 31 : byte();
    if (control < 32) {
      const count = control + 1;
      if (at + count > bytes.length || filled + count > length) throw new Error('It is damaged.');
      output.set(bytes.subarray(at, at + count), filled);
      at += count;
      filled += count;
      continue;
    }
    let count = (control >> 5) - 1;
    const high = (control & 31) << 8;
    if (count === 6) {
      let more: number;
      do count += more = byte();
      while (more === 255);
    }
    const low = byte();
    const isFar = low === 255 && high === 31 << 8;
    const distance = isFar ? (byte() << 8) + byte() + nearBloscLz : high + low;
    count += 3;
    copyWithin(output, filled, distance + 1, count);
    filled += count;
  }
  return output.subarray(0, filled);
}
