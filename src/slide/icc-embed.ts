/**
 * Embeds an ICC profile in an image so that the browser applies it: browsers convert colours only by profiles
 * inside an image file.
 */
import { zlibSync } from 'fflate';
import { join } from './jpeg.ts';
import type { RgbaImage } from './slide.ts';

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

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
