/**
 * Zstandard (RFC 8878) with what fzstd leaves out: the length of what was unpacked and, where a frame has one, its checksum.
 * A frame without a checksum can be damaged unnoticed; libtiff writes such frames.
 */
import { decompress } from 'fzstd';
import { xxh64Low } from './checksums.ts';
import { CompressedBlocks } from './zstd-blocks.ts';

interface Frame {
  /** Offset after the frame and its checksum. */
  readonly end: number;
  readonly blocksEnd: number;
  /** Bytes that its blocks unpack to. */
  readonly length: number;
  readonly checksum: number | null;
}

const magic = 0xfd2fb528;
/** The first of sixteen magic numbers of frames without content. */
const skippable = 0x184d2a50;

/**
 * Unpacks all frames of a stream.
 * @param limit bytes of the content at most.
 * @throws Error when the stream is damaged, or longer than `limit`.
 */
export function unzstd(bytes: Uint8Array, limit: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const output = new Uint8Array(limit);
  let filled = 0;
  for (let at = 0; at + 4 <= bytes.length;) {
    const word = view.getUint32(at, true);
    if (word === magic) {
      const frame = readFrame(bytes, at, limit - filled);
      const target = output.subarray(filled, filled + frame.length);
      decompress(bytes.subarray(at, frame.blocksEnd), target);
      if (frame.checksum !== null && xxh64Low(target) !== frame.checksum) {
        throw new Error('Its checksum (XXH64) does not match.');
      }
      filled += frame.length;
      at = frame.end;
    } else if ((word & 0xfffffff0) >>> 0 === skippable && at + 8 <= bytes.length) {
      at += 8 + view.getUint32(at + 4, true);
    } else if (filled > 0) break;
    else throw new Error('It is not a Zstandard stream.');
  }
  return output.subarray(0, filled);
}

/**
 * Finds a frame's parts by its headers, and how much its blocks unpack to.
 * @throws Error when it is damaged or unpacks to more than `limit` bytes.
 */
function readFrame(bytes: Uint8Array, start: number, limit: number): Frame {
  const byte = (at: number): number => {
    if (at >= bytes.length) throw new Error('It ends early.');
    return bytes[at]!;
  };
  const number = (at: number, count: number): number => {
    let value = 0;
    for (let i = count - 1; i >= 0; i--) value = value * 256 + byte(at + i);
    return value;
  };
  const descriptor = byte(start + 4);
  const single = (descriptor & 32) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const sizeAt = start + 5 + (single ? 0 : 1) + dictionaryBytes;
  const contentSize = sizeBytes === 0 ? null : number(sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  const compressed = new CompressedBlocks();
  let at = sizeAt + sizeBytes;
  let length = 0;
  for (let isLast = false; !isLast;) {
    const header = number(at, 3);
    isLast = (header & 1) !== 0;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    const end = at + 3 + (kind === 1 ? 1 : size);
    if (kind === 3) throw new Error('A block has no meaning.');
    if (end > bytes.length) throw new Error('It ends early.');
    length += kind === 2 ? compressed.length(bytes.subarray(at + 3, end)) : size;
    if (length > limit) throw new Error('It unpacks to more than its pixels.');
    at = end;
  }
  if (contentSize !== null && contentSize !== length) throw new Error('Its length does not match.');
  const hasChecksum = (descriptor & 4) !== 0;
  return {
    end: at + (hasChecksum ? 4 : 0),
    blocksEnd: at,
    length,
    checksum: hasChecksum ? number(at, 4) : null,
  };
}
