/** Byte codecs of TIFF blocks: compressed bytes to raw samples. What is damaged is noticed as far as a format allows. */
import { Unzlib, unzlibSync } from 'fflate';
import { adler32 } from './checksums.ts';
import { compression } from './tags.ts';
import { unzstd } from './zstd.ts';

/** Longest zlib stream that is unpacked in one go: at Deflate's highest ratio it gives 270 MB. */
const quickDeflateBytes = 256 * 1024;
/** Longer ones are unpacked in pieces of this size. */
const pieceBytes = 64 * 1024;
/** Most bytes of padding after a stream. */
const maxPadding = 16;

/**
 * Unpacks one block.
 * @param length bytes that the block must hold.
 * @param full bytes that it may hold: the last strip of an image may be as long as the others.
 * @returns fewer than `length` bytes when the stream ends early.
 * @throws Error when the stream is damaged, by its checksum, its structure or its length.
 */
export function unpack(scheme: number, bytes: Uint8Array, length: number, full = length): Uint8Array {
  const limit = Math.max(length, full);
  switch (scheme) {
    case compression.none:
      return bytes.subarray(0, length);
    case compression.lzw:
      return decodeLzw(bytes, limit).subarray(0, length);
    case compression.deflate:
    case compression.deflateOld:
      return inflate(bytes, limit).subarray(0, length);
    case compression.packBits:
      return unpackBits(bytes, limit).subarray(0, length);
    case compression.zstd:
      return unzstd(bytes, limit).subarray(0, length);
    default:
      throw new Error(`compression ${scheme}`);
  }
}

/** What every codec says of a stream that goes on after the last pixel. */
export const tooLong = (): Error => new Error('It unpacks to more than its pixels.');

/** Whether `unpack` supports a compression. */
export function isByteCodec(scheme: number): boolean {
  return (
    scheme === compression.none ||
    scheme === compression.lzw ||
    scheme === compression.deflate ||
    scheme === compression.deflateOld ||
    scheme === compression.packBits ||
    scheme === compression.zstd
  );
}

/** zlib (RFC 1950), with its checksum. A stream that unpacks to more than `limit` bytes is stopped early. */
function inflate(bytes: Uint8Array, limit: number): Uint8Array {
  const output = new Uint8Array(limit + 1);
  let filled = 0;
  if (bytes.length <= quickDeflateBytes) filled = unzlibSync(bytes, { out: output }).length;
  else {
    const stream = new Unzlib((piece) => {
      output.set(piece.subarray(0, output.length - filled), filled);
      filled += Math.min(piece.length, output.length - filled);
    });
    for (let at = 0; at < bytes.length && filled < output.length; at += pieceBytes) {
      stream.push(bytes.subarray(at, at + pieceBytes), at + pieceBytes >= bytes.length);
    }
  }
  if (filled > limit) throw tooLong();
  const unpacked = output.subarray(0, filled);
  if (!endsWith(bytes, adler32(unpacked))) throw new Error('Its checksum (Adler-32) does not match.');
  return unpacked;
}

/** Whether a stream ends with a checksum, big-endian; some padding may follow. */
function endsWith(bytes: Uint8Array, checksum: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let padding = 0; padding <= maxPadding; padding++) {
    const at = bytes.length - 4 - padding;
    if (at < 0) return false;
    if (view.getUint32(at) === checksum) return true;
  }
  return false;
}

/** PackBits (TIFF 6.0, section 9). A damaged length shows: what follows no longer fits. */
function unpackBits(bytes: Uint8Array, limit: number): Uint8Array {
  const output = new Uint8Array(limit);
  let at = 0;
  let filled = 0;
  while (at < bytes.length) {
    const control = bytes[at++]!;
    if (control === 128) continue;
    const count = control < 128 ? control + 1 : 257 - control;
    if (filled + count > limit) {
      if (filled === limit && bytes.length - at < maxPadding) break;
      throw tooLong();
    }
    const used = control < 128 ? count : 1;
    if (at + used > bytes.length) throw new Error('It ends early.');
    if (control < 128) output.set(bytes.subarray(at, at + count), filled);
    else output.fill(bytes[at]!, filled, filled + count);
    at += used;
    filled += count;
  }
  return output.subarray(0, filled);
}

/** Undoes horizontal differencing (predictor 2) of 8-bit samples, in place. */
export function undoDifferencing(bytes: Uint8Array, rowBytes: number, samples: number): void {
  for (let row = 0; row + rowBytes <= bytes.length; row += rowBytes) {
    for (let i = row + samples; i < row + rowBytes; i++) bytes[i] = bytes[i]! + bytes[i - samples]!;
  }
}

const clearCode = 256;
const endCode = 257;
const maxCodes = 4096;

/**
 * Decodes the whole stream; fewer than `limit` bytes where it ends early. Codes stand for strings of any length, so a damaged
 * one shows: the stream no longer ends with the last pixel. The table stores for each code its last byte, its prefix's code
 * and its length.
 * @throws Error when it goes on after `limit` bytes, or a code has no meaning.
 */
function decodeLzw(input: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(limit);
  const prefix = new Uint16Array(maxCodes);
  const suffix = new Uint8Array(maxCodes);
  const sizes = new Uint16Array(maxCodes);
  const firsts = new Uint8Array(maxCodes);
  for (let code = 0; code < 256; code++) {
    suffix[code] = code;
    firsts[code] = code;
    sizes[code] = 1;
  }
  let next = 258;
  let width = 9;
  let previous = -1;
  let bits = 0;
  let held = 0;
  let at = 0;
  let filled = 0;
  for (;;) {
    while (held < width && at < input.length) {
      bits = ((bits << 8) | input[at++]!) & 0xffffff;
      held += 8;
    }
    if (held < width) break;
    const code = (bits >>> (held - width)) & ((1 << width) - 1);
    held -= width;
    if (code === endCode) break;
    if (code === clearCode) {
      next = 258;
      width = 9;
      previous = -1;
      continue;
    }
    if (filled === limit) {
      // Some programs write no end code, and pad.
      if (input.length - at <= 2) break;
      throw tooLong();
    }
    if (previous < 0) {
      if (code > 255) throw new Error('A code has no meaning.');
      output[filled++] = code;
      previous = code;
      continue;
    }
    if (code > next) throw new Error('A code has no meaning.');
    // A code that is not in the table yet is the previous string followed by its own first byte.
    const fresh = code === next;
    const string = fresh ? previous : code;
    const size = sizes[string]!;
    if (filled + size + (fresh ? 1 : 0) > limit) throw tooLong();
    let walk = string;
    for (let i = filled + size - 1; i >= filled; i--) {
      output[i] = suffix[walk]!;
      walk = prefix[walk]!;
    }
    filled += size;
    if (fresh) output[filled++] = firsts[previous]!;
    if (next < maxCodes) {
      prefix[next] = previous;
      suffix[next] = firsts[string]!;
      firsts[next] = firsts[previous]!;
      sizes[next] = sizes[previous]! + 1;
      next++;
      if (next + 1 >= 1 << width && width < 12) width++;
    }
    previous = code;
  }
  return filled === limit ? output : output.slice(0, filled);
}
