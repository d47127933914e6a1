/**
 * Optical density (absorbance) of a pixel: OD = log10(I0 / I) per colour channel, where I0 is the light that passes through
 * glass. By the law of Lambert and Beer it is proportional to the amount of stain.
 */
import { StainError } from './stain-error.ts';

/** Light through glass, red, green and blue, above 0 and at most 255. */
export type WhiteLevel = readonly [red: number, green: number, blue: number];

/** The white of a picture whose glass is pure white. */
export const pureWhite: WhiteLevel = [255, 255, 255];

/** Glass darker than this is none. */
const leastWhite = 100;

/** @throws StainError `white-level`. */
export function checkWhite(white: WhiteLevel): WhiteLevel {
  if (white.every((value) => value >= leastWhite && value <= 255)) return white;
  throw new StainError(
    'white-level',
    `The white level is ${white.map((value) => Math.round(value)).join(', ')}.`,
    `Glass has values from ${leastWhite} to 255 in red, green and blue; set the white level by hand.`,
  );
}

/**
 * Optical density of each 8-bit value of a channel. Black counts as 1, because its density would be infinite; negative
 * where a pixel is lighter than glass.
 * @param white of the channel.
 */
export function densityTable(white: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, value) => Math.log10(white / Math.max(1, value)));
}

/** Share of glass that must not be pure white before pure white counts as what the scanner left out. */
const leastScanned = 0.05;

/**
 * The white level of a picture: the median of its glass per channel. Pure white is left out where other glass is: scanners
 * fill areas that they skip with it.
 * @param rgba pixels. @param isGlass 1 for glass, one value per pixel.
 * @returns null without glass.
 */
export function whiteOfGlass(
  rgba: Uint8ClampedArray | Uint8Array,
  isGlass: ArrayLike<number>,
): WhiteLevel | null {
  const counts = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)] as const;
  let glass = 0;
  let pure = 0;
  for (let pixel = 0, at = 0; at + 3 < rgba.length; pixel++, at += 4) {
    if (isGlass[pixel] !== 1) continue;
    const [red, green, blue] = [rgba[at]!, rgba[at + 1]!, rgba[at + 2]!];
    // Padding of the scanner and whatever is dark is no glass.
    if (Math.min(red, green, blue) < leastWhite) continue;
    glass++;
    if (red === 255 && green === 255 && blue === 255) {
      pure++;
      continue;
    }
    counts[0][red]!++;
    counts[1][green]!++;
    counts[2][blue]!++;
  }
  if (glass === 0) return null;
  const scanned = glass - pure;
  if (scanned < leastScanned * glass) return pureWhite;
  const median = (of: Uint32Array): number => {
    let value = 0;
    for (let seen = of[0]!; 2 * seen < scanned; seen += of[++value]!);
    return value;
  };
  return [median(counts[0]), median(counts[1]), median(counts[2])];
}
