/** Encodes pixels as pictures within a page. */
import { encode } from 'fast-png';

/** RGB bytes, [height, width, 3], as a PNG data URL. */
export function rgbPicture(rgb: Uint8Array, width: number, height: number): string {
  const png = encode({ width, height, data: rgb, channels: 3, depth: 8 });
  let binary = '';
  for (let i = 0; i < png.length; i += 0x8000) {
    binary += String.fromCharCode(...png.subarray(i, i + 0x8000));
  }
  return `data:image/png;base64,${btoa(binary)}`;
}

/**
 * A class map, [height, width], in its class colours, as a PNG data URL.
 * @param colours like #0072B2, by class. A value without one is black.
 */
export function classPicture(
  classes: Uint8Array,
  width: number,
  height: number,
  colours: readonly string[],
): string {
  const palette = colours.map((colour) =>
    [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)),
  );
  const rgb = new Uint8Array(classes.length * 3);
  classes.forEach((value, i) => {
    rgb.set(palette[value] ?? [0, 0, 0], i * 3);
  });
  return rgbPicture(rgb, width, height);
}
