/**
 * Orientation of photographs (EXIF 2.32, tag 274). Native decoders differ in whether they turn an image: they get one that is
 * marked as upright, and it is turned here, so that page and command line agree.
 */
import { jpegSegments } from './jpeg.ts';
import type { EncodedImageType, RgbaImage } from './slide.ts';

/** 1 upright; 2 mirrored; 3 turned by 180°; 4 mirrored and turned by 180°; 5 to 8 with sides exchanged. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const orientationTag = 0x0112;

/** The orientation that a file gives, and the file with that mark taken away. */
export function uprightFile(
  bytes: Uint8Array<ArrayBuffer>,
  type: EncodedImageType,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly orientation: Orientation } {
  for (const block of exifBlocks(bytes, type)) {
    const found = orientationAt(bytes, block);
    if (found === null || found.orientation === 1) continue;
    const { at, orientation, littleEndian } = found;
    // A PNG's chunk has a checksum: it is left out as a whole.
    if (type === 'image/png') return { bytes: without(bytes, block.start - 8, block.end + 4), orientation };
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint16(at, 1, littleEndian);
    return { bytes: copy, orientation };
  }
  return { bytes, orientation: 1 };
}

/** A TIFF structure within the file, from its byte order mark on. */
interface Block {
  readonly start: number;
  readonly end: number;
}

function exifBlocks(bytes: Uint8Array, type: EncodedImageType): Block[] {
  if (type === 'image/jpeg') {
    return jpegSegments(bytes)
      .filter(({ marker, start }) => marker === 0xe1 && isText(bytes, start + 4, 'Exif\0\0'))
      .map(({ start, end }) => ({ start: start + 10, end }));
  }
  return chunks(bytes, type).flatMap(({ name, start, end }) => {
    if (name !== (type === 'image/png' ? 'eXIf' : 'EXIF')) return [];
    // Some programs write JPEG's signature into WebP too.
    return [{ start: isText(bytes, start, 'Exif\0\0') ? start + 6 : start, end }];
  });
}

/** Chunks of a PNG (length, name, data, checksum) or WebP (name, length, data, padded to even). */
function chunks(bytes: Uint8Array, type: EncodedImageType): { name: string; start: number; end: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPng = type === 'image/png';
  const found: { name: string; start: number; end: number }[] = [];
  let at = isPng ? 8 : 12;
  while (at + 8 <= bytes.length && found.length < maxChunks) {
    const length = isPng ? view.getUint32(at) : view.getUint32(at + 4, true);
    const name = String.fromCharCode(...bytes.subarray(isPng ? at + 4 : at, isPng ? at + 8 : at + 4));
    const end = at + 8 + length;
    if (end > bytes.length) break;
    found.push({ name, start: at + 8, end });
    at = isPng ? end + 4 : end + (length % 2);
  }
  return found;
}

const maxChunks = 65_536;

function orientationAt(
  bytes: Uint8Array,
  { start, end }: Block,
): { readonly at: number; readonly orientation: Orientation; readonly littleEndian: boolean } | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (end - start < 8) return null;
  const littleEndian = bytes[start] === 0x49;
  const directory = start + view.getUint32(start + 4, littleEndian);
  if (directory + 2 > end) return null;
  const count = view.getUint16(directory, littleEndian);
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > end) return null;
    if (view.getUint16(entry, littleEndian) !== orientationTag) continue;
    const value = view.getUint16(entry + 8, littleEndian);
    return value >= 1 && value <= 8
      ? { at: entry + 8, orientation: value as Orientation, littleEndian }
      : null;
  }
  return null;
}

const isText = (bytes: Uint8Array, at: number, text: string): boolean =>
  [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

function without(bytes: Uint8Array, from: number, to: number): Uint8Array<ArrayBuffer> {
  const rest = new Uint8Array(bytes.length - (to - from));
  rest.set(bytes.subarray(0, from));
  rest.set(bytes.subarray(to), from);
  return rest;
}

/** The size of an image turned upright. */
export function upright(
  { width, height }: { readonly width: number; readonly height: number },
  orientation: Orientation,
): { width: number; height: number } {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** An image turned upright. */
export function turned(image: RgbaImage, orientation: Orientation): RgbaImage {
  if (orientation === 1) return image;
  const isExchanged = orientation >= 5;
  const { width, height } = upright(image, orientation);
  const from = new Uint32Array(image.data.slice().buffer);
  const data = new Uint8ClampedArray(width * height * 4);
  const to = new Uint32Array(data.buffer);
  // Whether stored columns and rows run against the upright image's.
  const isMirrored = [2, 3, 7, 8].includes(orientation);
  const isFlipped = [3, 4, 6, 7].includes(orientation);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [across, down] = isExchanged ? [y, x] : [x, y];
      const column = isMirrored ? image.width - 1 - across : across;
      const row = isFlipped ? image.height - 1 - down : down;
      to[y * width + x] = from[row * image.width + column]!;
    }
  }
  return { width, height, data };
}
