/** Compares images in tests. */
import type { RgbaImage } from '../slide.ts';

/** Peak signal-to-noise ratio over the three colours in dB; Infinity for equal images. */
export function psnr(a: RgbaImage, b: RgbaImage): number {
  if (a.width !== b.width || a.height !== b.height) {
    throw new Error(`${a.width}×${a.height} cannot be compared with ${b.width}×${b.height}.`);
  }
  let squares = 0;
  for (let i = 0; i < a.data.length; i++) {
    if (i % 4 !== 3) squares += (a.data[i]! - b.data[i]!) ** 2;
  }
  const mean = squares / (a.width * a.height * 3);
  return mean === 0 ? Infinity : 10 * Math.log10(255 ** 2 / mean);
}

/** The mean absolute difference over the three colours. */
export function meanDifference(a: RgbaImage, b: RgbaImage): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) if (i % 4 !== 3) sum += Math.abs(a.data[i]! - b.data[i]!);
  return sum / (a.width * a.height * 3);
}

/** The largest difference in any channel of any pixel. */
export function largestDifference(a: RgbaImage, b: RgbaImage): number {
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) largest = Math.max(largest, Math.abs(a.data[i]! - b.data[i]!));
  return largest;
}

/** The part of an image from `left`, `top` up to `right`, `bottom` (exclusive). */
export function crop(
  image: RgbaImage,
  [left, top, right, bottom]: readonly [number, number, number, number],
): RgbaImage {
  const width = right - left;
  const height = bottom - top;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 4;
    data.set(image.data.subarray(from, from + width * 4), y * width * 4);
  }
  return { width, height, data };
}

/** Colour of a pixel. */
export function pixel(image: RgbaImage, x: number, y: number): number[] {
  const at = (y * image.width + x) * 4;
  return [...image.data.slice(at, at + 4)];
}
