/** Reads the ICC profile of an image file. */
import { Unzlib } from 'fflate';
import { join } from './jpeg.ts';
import type { EncodedImageType } from './slide.ts';

/** Largest profile that is read. */
const maxProfileBytes = 16 * 1024 * 1024;

/** The profile of a JPEG, PNG or WebP file; null without one or when it is damaged. */
export function embeddedProfile(bytes: Uint8Array, type: EncodedImageType): Uint8Array<ArrayBuffer> | null {
  if (type === 'image/jpeg') return jpegProfile(bytes);
  return type === 'image/png' ? pngProfile(bytes) : webpProfile(bytes);
}

const text = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length));

/** APP2 segments, numbered, in any order (ICC.1, annex B.4). */
function jpegProfile(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const parts = new Map<number, Uint8Array>();
  let count = 0;
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (length < 2) break;
    if (bytes[at + 1] === 0xe2 && length > 16 && text(bytes, at + 4, 12) === 'ICC_PROFILE\0') {
      parts.set(bytes[at + 16]!, bytes.subarray(at + 18, at + 2 + length));
      count = bytes[at + 17]!;
    }
    at += 2 + length;
  }
  const ordered = Array.from({ length: count }, (_, i) => parts.get(i + 1));
  return count === 0 || ordered.includes(undefined) ? null : join(ordered as Uint8Array[]);
}

/** The iCCP chunk: a name, a method, a zlib stream. */
function pngProfile(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const kind = text(bytes, at + 4, 4);
    if (kind === 'IDAT') return null;
    if (kind === 'iCCP') {
      const end = bytes.indexOf(0, at + 8);
      return end < 0 ? null : inflated(bytes.subarray(end + 2, at + 8 + length));
    }
    at += 12 + length;
  }
  return null;
}

function inflated(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    const stream = new Unzlib((part) => {
      total += part.length;
      if (total > maxProfileBytes) throw new Error('The profile is too large.');
      parts.push(part);
    });
    // Piecewise, to stop a decompression bomb before it unpacks.
    for (let at = 0; at < bytes.length; at += 4096) {
      stream.push(bytes.subarray(at, at + 4096), at + 4096 >= bytes.length);
    }
    return join(parts);
  } catch {
    // A damaged profile counts as none: the image itself can still be shown.
    return null;
  }
}

/** The ICCP chunk of an extended WebP file. */
function webpProfile(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (text(bytes, at, 4) === 'ICCP') return new Uint8Array(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length & 1);
  }
  return null;
}
