/** Reducing decoded images by whole factors, for pictures of large areas. */
import type { RgbaImage, Shrink } from './slide.ts';

/** The largest reduction, at most `factor`, that divides both sides of a tile: tiles then still meet at whole pixels. */
export function shrinkOf(tileWidth: number, tileHeight: number, factor: number): Shrink {
  const fits = (shrink: Shrink): boolean =>
    shrink <= factor && tileWidth % shrink === 0 && tileHeight % shrink === 0;
  return ([8, 4, 2] as const).find(fits) ?? 1;
}

/** Size of an image of `side` pixels after reduction. */
export const shrunk = (side: number, shrink: Shrink): number => Math.ceil(side / shrink);

/** The image reduced by means over `shrink × shrink` pixels; fewer at the right and bottom. Alpha becomes 255. */
export function shrinkImage(image: RgbaImage, shrink: Shrink): RgbaImage {
  if (shrink === 1) return image;
  const width = shrunk(image.width, shrink);
  const height = shrunk(image.height, shrink);
  const data = new Uint8ClampedArray(width * height * 4);
  const source = image.data;
  for (let y = 0; y < height; y++) {
    const bottom = Math.min(image.height, (y + 1) * shrink);
    for (let x = 0; x < width; x++) {
      const right = Math.min(image.width, (x + 1) * shrink);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let v = y * shrink; v < bottom; v++) {
        for (
          let at = (v * image.width + x * shrink) * 4, end = (v * image.width + right) * 4;
          at < end;
          at += 4
        ) {
          red += source[at]!;
          green += source[at + 1]!;
          blue += source[at + 2]!;
        }
      }
      const count = (bottom - y * shrink) * (right - x * shrink);
      const to = (y * width + x) * 4;
      data[to] = red / count;
      data[to + 1] = green / count;
      data[to + 2] = blue / count;
      data[to + 3] = 255;
    }
  }
  return { width, height, data };
}
