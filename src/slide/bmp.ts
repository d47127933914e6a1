/** Uncompressed Windows bitmaps of 24 and 32 bits, which some scanners store as tiles. No browser is asked, nor sharp. */
import { maxTilePixels } from './limits.ts';
import type { RgbaImage } from './slide.ts';

/** Whether a file begins like a bitmap. */
export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

/**
 * Decodes a bitmap (BITMAPFILEHEADER and BITMAPINFOHEADER of the Windows API).
 * @throws Error with a sentence that says what is wrong.
 */
export function decodeBmp(bytes: Uint8Array): RgbaImage {
  if (!isBmp(bytes) || bytes.length < 54) throw new Error('Its header is damaged.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(10, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const height = Math.abs(signedHeight);
  if (view.getUint32(30, true) !== 0 || (bits !== 24 && bits !== 32))
    throw new Error('It is a bitmap of an unusual kind.');
  if (width <= 0 || height <= 0 || width * height > maxTilePixels)
    throw new Error(`Its image of ${width} by ${height} pixels is of no possible size.`);
  const pixelBytes = bits / 8;
  const rowBytes = Math.ceil((width * pixelBytes) / 4) * 4;
  if (start + rowBytes * height > bytes.length) throw new Error('Its image data ends early.');
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    // Rows go upwards unless the height is negative.
    let from = start + rowBytes * (signedHeight > 0 ? height - 1 - y : y);
    let to = y * width * 4;
    for (let x = 0; x < width; x++, from += pixelBytes, to += 4) {
      data[to] = bytes[from + 2]!;
      data[to + 1] = bytes[from + 1]!;
      data[to + 2] = bytes[from]!;
    }
  }
  return { width, height, data };
}
