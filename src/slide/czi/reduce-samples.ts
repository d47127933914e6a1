/** Reduces pictures of any number of bits. */
import type { Samples } from '../sample-codec/samples.ts';
import type { RgbaImage } from '../slide.ts';

/** A smaller picture, each of whose pixels is the mean of those that it covers, whole ones. Alpha stays. */
export function reduced<T extends Samples | RgbaImage>(
  picture: T,
  { width, height }: { readonly width: number; readonly height: number },
): T {
  const { data: source } = picture;
  const components = source.length / (picture.width * picture.height);
  const Type = source.constructor as new (length: number) => T['data'];
  const data = new Type(width * height * components);
  const sums = new Float64Array(components);
  const from = (index: number, count: number, side: number): number => Math.floor((index * side) / count);
  for (let y = 0; y < height; y++) {
    const top = from(y, height, picture.height);
    const bottom = Math.max(top + 1, from(y + 1, height, picture.height));
    for (let x = 0; x < width; x++) {
      const left = from(x, width, picture.width);
      const right = Math.max(left + 1, from(x + 1, width, picture.width));
      sums.fill(0);
      for (let row = top; row < bottom; row++) {
        let at = (row * picture.width + left) * components;
        for (let column = left; column < right; column++) {
          for (let c = 0; c < components; c++) sums[c] = sums[c]! + source[at++]!;
        }
      }
      const count = (bottom - top) * (right - left);
      for (let c = 0; c < components; c++)
        data[(y * width + x) * components + c] = Math.round(sums[c]! / count);
    }
  }
  return { ...picture, width, height, data };
}
