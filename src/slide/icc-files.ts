/**
 * ICC profiles in image files. Reads the profile of a JPEG, PNG or WebP file, and embeds one so that the browser
 * applies it: browsers convert colours only by profiles inside an image file.
 */
import { zlibSync, Unzlib } from 'fflate';
import { crc32 } from '../base/crc32.ts';
import { join } from './jpeg.ts';
import { maxProfileBytes } from './limits.ts';
import type { RgbaImage, EncodedImageType } from './slide.ts';

/** Profile bytes that fit one APP2 segment (ICC.1, annex B.4). */
const chunkBytes = 65_519;

/** The JPEG file with the profile in APP2 segments after its start marker. */
export function jpegWithProfile(jpeg: Uint8Array<ArrayBuffer>, profile: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunks = Math.ceil(profile.length / chunkBytes);
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8 || chunks === 0 || chunks > 255) return jpeg;
  const parts: Uint8Array[] = [jpeg.subarray(0, 2)];
  for (let i = 0; i < chunks; i++) {
    const data = profile.subarray(i * chunkBytes, (i + 1) * chunkBytes);
    const length = data.length + 16;
    const head = [0xff, 0xe2, length >> 8, length & 255, ...ascii('ICC_PROFILE\0'), i + 1, chunks];
    parts.push(Uint8Array.from(head), data);
  }
  parts.push(jpeg.subarray(2));
  return join(parts);
}

/** Pixels as an uncompressed PNG file with the profile, without alpha. */
export function pngWithProfile(image: RgbaImage, profile: Uint8Array): Uint8Array<ArrayBuffer> {
  const { width, height, data } = image;
  const rows = new Uint8Array(height * (1 + width * 3));
  let at = 0;
  let from = 0;
  for (let y = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++, from += 4) {
      rows[at++] = data[from]!;
      rows[at++] = data[from + 1]!;
      rows[at++] = data[from + 2]!;
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8);
  return join([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('iCCP', join([Uint8Array.from(ascii('slide\0\0')), zlibSync(profile)])),
    // Stored, not compressed: the file lives for a millisecond.
    chunk('IDAT', zlibSync(rows, { level: 0 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const result = new Uint8Array(data.length + 12);
  const view = new DataView(result.buffer);
  view.setUint32(0, data.length);
  result.set(ascii(type), 4);
  result.set(data, 8);
  view.setUint32(data.length + 8, crc32(result.subarray(4, data.length + 8)));
  return result;
}

const ascii = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

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
