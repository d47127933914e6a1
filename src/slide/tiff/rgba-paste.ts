/** Assembles images from parts. */
import type { RgbaImage } from '../slide.ts';

/** A white image. */
export function blank(width: number, height: number): RgbaImage {
  return { width, height, data: new Uint8ClampedArray(width * height * 4).fill(255) };
}

/** Copies `part` into `image` with its top left at `x`, `y`, cropped at the border. */
export function paste(part: RgbaImage, image: RgbaImage, x: number, y: number): void {
  const width = Math.min(part.width, image.width - x);
  const height = Math.min(part.height, image.height - y);
  for (let row = 0; row < height; row++) {
    const from = row * part.width * 4;
    image.data.set(part.data.subarray(from, from + width * 4), ((y + row) * image.width + x) * 4);
  }
}
