/** Byte codecs of TIFF blocks: compressed bytes to raw samples. */
import { Unzlib, unzlibSync } from 'fflate';
import { decompress as unzstd } from 'fzstd';
import { compression } from './tags.ts';

/** Input that cannot unpack to more than this at Deflate's highest ratio is unpacked in one go. */
const safeDeflateBytes = 16 * 1024;

/**
 * Unpacks one block.
 * @param length bytes that the block must hold; the rest is cut off, however much the stream would unpack to.
 * @returns fewer than `length` bytes when the stream ends early.
 * @throws Error when the stream is damaged.
 */
export function unpack(scheme: number, bytes: Uint8Array, length: number): Uint8Array {
  switch (scheme) {
    case compression.none:
      return bytes.subarray(0, length);
    case compression.lzw:
      return decodeLzw(bytes, length);
    case compression.deflate:
    case compression.deflateOld:
      return inflate(bytes, length);
    case compression.packBits:
      return unpackBits(bytes, length);
    case compression.zstd:
      return zstd(bytes, length);
    default:
      throw new Error(`compression ${scheme}`);
  }
}

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

/** zlib. A stream that would unpack to far more than requested is stopped early. */
function inflate(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length <= safeDeflateBytes || bytes.length <= length) {
    return unzlibSync(bytes, { out: new Uint8Array(length) });
  }
  const output = new Uint8Array(length);
  let filled = 0;
  const stream = new Unzlib((chunk) => {
    output.set(chunk.subarray(0, length - filled), filled);
    filled += Math.min(chunk.length, length - filled);
  });
  for (let at = 0; at < bytes.length && filled < length; at += safeDeflateBytes) {
    stream.push(bytes.subarray(at, at + safeDeflateBytes), at + safeDeflateBytes >= bytes.length);
  }
  return output.subarray(0, filled);
}

/** Zstandard, into a buffer of the expected length: the frame's own claim is not trusted. */
function zstd(bytes: Uint8Array, length: number): Uint8Array {
  return unzstd(bytes, new Uint8Array(length));
}

/** PackBits (TIFF 6.0, section 9). */
function unpackBits(bytes: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let at = 0;
  let filled = 0;
  while (at < bytes.length && filled < length) {
    const control = bytes[at++]!;
    if (control < 128) {
      const literal = bytes.subarray(at, at + Math.min(control + 1, length - filled));
      output.set(literal, filled);
      at += control + 1;
      filled += literal.length;
    } else if (control > 128) {
      const run = Math.min(257 - control, length - filled);
      output.fill(bytes[at++] ?? 0, filled, filled + run);
      filled += run;
    }
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
 * Decodes at most `length` bytes; fewer where the stream ends or is damaged. The table stores for each code
 * its last byte, its prefix's code and its length.
 */
function decodeLzw(input: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(length);
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
  while (filled < length) {
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
    if (previous < 0) {
      if (code > 255) break;
      output[filled++] = code;
      previous = code;
      continue;
    }
    if (code > next) break;
    // A code that is not in the table yet is the previous string followed by its own first byte.
    const fresh = code === next;
    const string = fresh ? previous : code;
    const size = sizes[string]!;
    let walk = string;
    for (let i = filled + size - 1; i >= filled; i--) {
      if (i < length) output[i] = suffix[walk]!;
      walk = prefix[walk]!;
    }
    filled += size;
    if (fresh && filled < length) output[filled] = firsts[previous]!;
    if (fresh) filled++;
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
  return filled >= length ? output : output.slice(0, filled);
}
