/**
 * Zstandard (RFC 8878) with what fzstd leaves out: the length of what was unpacked and, where a frame has one, its checksum.
 * A frame without a checksum can be damaged unnoticed; libtiff writes such frames.
 */
import { decompress } from 'fzstd';
import { xxh64Low } from './checksums.ts';

interface Frame {
  /** Offset after the frame and its checksum. */
  readonly end: number;
  /** Offset of the last block's header, and of the end of its data. */
  readonly lastBlockAt: number;
  readonly blocksEnd: number;
  /** Bytes of the content; null where the frame does not give it. */
  readonly contentSize: number | null;
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
      const frame = readFrame(view, at);
      filled += unpackFrame(
        bytes.subarray(at, frame.blocksEnd),
        frame.lastBlockAt - at,
        frame,
        output,
        filled,
      );
      at = frame.end;
    } else if ((word & 0xfffffff0) >>> 0 === skippable && at + 8 <= bytes.length) {
      at += 8 + view.getUint32(at + 4, true);
    } else if (filled > 0) break;
    else throw new Error('It is not a Zstandard stream.');
  }
  return output.subarray(0, filled);
}

/** @returns bytes of the content. */
function unpackFrame(
  frame: Uint8Array,
  lastBlockAt: number,
  { contentSize, checksum }: Frame,
  output: Uint8Array,
  from: number,
): number {
  // fzstd does not say how much it unpacked. An empty raw block at the end, which it copies to its place, does.
  const open = new Uint8Array(frame.length + 3);
  open.set(frame);
  open[lastBlockAt] = open[lastBlockAt]! & ~1;
  open[frame.length] = 1;
  const target = output.subarray(from);
  let length = 0;
  target.set = (source: ArrayLike<number>, at = 0) => {
    length = at;
    Uint8Array.prototype.set.call(target, source, at);
  };
  decompress(open, target);
  if (contentSize !== null && contentSize !== length) throw new Error('Its length does not match.');
  if (checksum !== null && xxh64Low(target.subarray(0, length)) !== checksum) {
    throw new Error('Its checksum (XXH64) does not match.');
  }
  return length;
}

/** Finds a frame's parts by its headers. */
function readFrame(view: DataView, start: number): Frame {
  const byte = (at: number): number => {
    if (at >= view.byteLength) throw new Error('It ends early.');
    return view.getUint8(at);
  };
  const number = (at: number, bytes: number): number => {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + byte(at + i);
    return value;
  };
  const descriptor = byte(start + 4);
  const single = (descriptor & 32) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const sizeAt = start + 5 + (single ? 0 : 1) + dictionaryBytes;
  const contentSize = sizeBytes === 0 ? null : number(sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  let at = sizeAt + sizeBytes;
  for (;;) {
    const header = number(at, 3);
    const kind = (header >> 1) & 3;
    if (kind === 3) throw new Error('A block has no meaning.');
    const end = at + 3 + (kind === 1 ? 1 : header >> 3);
    if (end > view.byteLength) throw new Error('It ends early.');
    if ((header & 1) !== 0) {
      const hasChecksum = (descriptor & 4) !== 0;
      return {
        end: end + (hasChecksum ? 4 : 0),
        lastBlockAt: at,
        blocksEnd: end,
        contentSize,
        checksum: hasChecksum ? number(end, 4) : null,
      };
    }
    at = end;
  }
}
