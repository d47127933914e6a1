/** Puts RGBA images together from parts. */
import type { RgbaImage } from './slide.ts';

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** An image of one colour, white by default. */
export function blank(width: number, height: number, colour?: Rgb): RgbaImage {
  const data = new Uint8ClampedArray(width * height * 4);
  // Whole pixels at once take a tenth of the time.
  const [pixel] = new Uint32Array(Uint8ClampedArray.of(...(colour ?? [255, 255, 255]), 255).buffer);
  new Uint32Array(data.buffer).fill(pixel!);
  return { width, height, data };
}

/** Turns black into white and back, in place. */
export function inverted(image: RgbaImage): RgbaImage {
  const { data } = image;
  for (let o = 0; o < data.length; o += 4) {
    data[o] = 255 - data[o]!;
    data[o + 1] = 255 - data[o + 1]!;
    data[o + 2] = 255 - data[o + 2]!;
  }
  return image;
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
