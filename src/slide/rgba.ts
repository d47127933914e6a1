/** Puts RGBA images together from parts. */
import type { RgbaImage } from './slide.ts';

/** A white image. */
export function blank(width: number, height: number): RgbaImage {
  return { width, height, data: new Uint8ClampedArray(width * height * 4).fill(255) };
}

/** Copies `part` into `image` with its top left at `x`, `y`, cropped at the border. */
export function paste(part: RgbaImage, image: RgbaImage, x: number, y: number): void {
  pastePart(part, { x: 0, y: 0, width: part.width, height: part.height }, image, x, y);
}

/** Copies a rectangle of `part` into `image` with its top left at `x`, `y` (whole pixels), cropped at every border. */
export function pastePart(
  part: RgbaImage,
  from: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  image: RgbaImage,
  x: number,
  y: number,
): void {
  const left = Math.max(0, -x, -from.x);
  const right = Math.min(from.width, part.width - from.x, image.width - x);
  const top = Math.max(0, -y, -from.y);
  const bottom = Math.min(from.height, part.height - from.y, image.height - y);
  if (right <= left) return;
  for (let row = top; row < bottom; row++) {
    const at = ((from.y + row) * part.width + from.x + left) * 4;
    image.data.set(part.data.subarray(at, at + (right - left) * 4), ((y + row) * image.width + x + left) * 4);
  }
}
