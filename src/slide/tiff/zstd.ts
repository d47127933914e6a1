/**
 * Zstandard (RFC 8878), by the reference library compiled to WebAssembly, which checks structure and checksums. What it would
 * take on trust is read from the headers first: where a frame ends, and how long its content is.
 * A frame without a checksum can be damaged unnoticed; libtiff writes such frames.
 */
import { ZSTDDecoder } from 'zstddec';

const decoder = new ZSTDDecoder();
let loading: Promise<void> | null = null;
let isLoaded = false;

/** Compiles the decoder, once: to be awaited by whoever opens a slide that has such data. */
export async function loadZstd(): Promise<void> {
  loading ??= decoder.init();
  await loading;
  isLoaded = true;
}

interface Frame {
  /** Offset after the frame and its checksum. */
  readonly end: number;
  /** Bytes of its content, where its header says so. */
  readonly contentSize: number | null;
}

const magic = 0xfd2fb528;
/** The first of sixteen magic numbers of frames without content. */
const skippable = 0x184d2a50;

/**
 * Unpacks all frames of a stream, after `loadZstd`.
 * @param limit bytes of the content at most.
 * @throws Error when the stream is damaged, or longer than `limit`.
 */
export function unzstd(bytes: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  if (!isLoaded) throw new Error('Zstandard is not loaded.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let filled = 0;
  for (let at = 0; at + 4 <= bytes.length;) {
    const word = view.getUint32(at, true);
    if (word === magic) {
      const frame = readFrame(bytes, at);
      const part = content(bytes.subarray(at, frame.end), frame, limit - filled);
      parts.push(part);
      filled += part.length;
      at = frame.end;
    } else if ((word & 0xfffffff0) >>> 0 === skippable && at + 8 <= bytes.length) {
      at += 8 + view.getUint32(at + 4, true);
    } else if (parts.length > 0) break;
    else throw new Error('It is not a Zstandard stream.');
  }
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const output = new Uint8Array(filled);
  let to = 0;
  for (const part of parts) {
    output.set(part, to);
    to += part.length;
  }
  return output;
}

function content(frame: Uint8Array, { contentSize }: Frame, limit: number): Uint8Array<ArrayBuffer> {
  if (contentSize !== null && contentSize > limit) throw new Error('It unpacks to more than its pixels.');
  const capacity = contentSize ?? limit;
  // The library takes 0 for "look it up".
  if (capacity === 0) return new Uint8Array(0);
  // Errors are lengths below zero, of which it makes an array of another length.
  const unpacked = decoder.decode(frame, capacity) as Uint8Array<ArrayBuffer>;
  const isWhole = contentSize === null ? unpacked.length > 0 : unpacked.length === contentSize;
  if (!isWhole || unpacked.length > capacity) {
    throw new Error('It is damaged, or unpacks to more than its pixels.');
  }
  return unpacked;
}

/** Finds a frame's end by its headers. @throws Error when it is damaged. */
function readFrame(bytes: Uint8Array, start: number): Frame {
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
  let at = sizeAt + sizeBytes;
  for (let isLast = false; !isLast;) {
    const header = number(at, 3);
    isLast = (header & 1) !== 0;
    const kind = (header >> 1) & 3;
    if (kind === 3) throw new Error('A block has no meaning.');
    at += 3 + (kind === 1 ? 1 : header >> 3);
    if (at > bytes.length) throw new Error('It ends early.');
  }
  const end = at + ((descriptor & 4) !== 0 ? 4 : 0);
  if (end > bytes.length) throw new Error('It ends early.');
  return { end, contentSize };
}
