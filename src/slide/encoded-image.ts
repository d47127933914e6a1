/** What the header of a complete JPEG, PNG or WebP file says: its type, and its size before anything is decoded. */
import { isJpeg, jpegFrame, jpegScans } from './jpeg.ts';
import { maxImagePixels, maxJpegScans } from './limits.ts';
import type { EncodedImageType } from './slide.ts';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** An image's type by its first bytes; null for any other file. */
export function imageType(head: Uint8Array): EncodedImageType | null {
  if (isJpeg(head)) return 'image/jpeg';
  if (startsWith(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'image/png';
  if (startsWith(head, [0x52, 0x49, 0x46, 0x46]) && startsWith(head.subarray(8), [0x57, 0x45, 0x42, 0x50]))
    return 'image/webp';
  return null;
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

/** Size in pixels that the header claims; null where it gives none, so that no decoder can read the file either. */
export function encodedSize(bytes: Uint8Array, type: EncodedImageType): ImageSize | null {
  const size =
    type === 'image/jpeg' ? jpegFrame(bytes) : type === 'image/png' ? pngSize(bytes) : webpSize(bytes);
  return size !== null && size.width > 0 && size.height > 0
    ? { width: size.width, height: size.height }
    : null;
}

/**
 * Whether a native decoder may be given the file: a small file can claim an image that fills the memory, or a progressive
 * JPEG thousands of passes over it.
 * @throws Error with a sentence that says what is wrong.
 */
export function checkDecodable(bytes: Uint8Array, type: EncodedImageType, maxPixels = maxImagePixels): void {
  const size = encodedSize(bytes, type);
  if (size === null) throw new Error('Its header is damaged.');
  if (size.width * size.height > maxPixels) {
    throw new Error(`Its image of ${size.width} by ${size.height} pixels is too large.`);
  }
  if (type === 'image/jpeg' && jpegScans(bytes) > maxJpegScans) throw new Error('It has too many scans.');
}

/** IHDR, the first chunk (PNG specification, 11.2.2). */
function pngSize(bytes: Uint8Array): ImageSize | null {
  if (bytes.length < 24) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(12) === 0x49484452 ? { width: view.getUint32(16), height: view.getUint32(20) } : null;
}

/** The first chunk: extended, lossless or lossy (WebP container specification; RFC 6386, 9.1; lossless bitstream, 3). */
function webpSize(bytes: Uint8Array): ImageSize | null {
  if (bytes.length < 30) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u24 = (at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (view.getUint32(12)) {
    case 0x56503858: // VP8X
      return { width: u24(24) + 1, height: u24(27) + 1 };
    case 0x5650384c: {
      // VP8L
      const bits = view.getUint32(21, true);
      return view.getUint8(20) === 0x2f
        ? { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
        : null;
    }
    case 0x56503820: // VP8 and a space
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    default:
      return null;
  }
}
