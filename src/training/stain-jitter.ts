/**
 * Changes how strongly each stain shows, as laboratories and scanners do (Tellez et al. 2018, "Whole-slide mitosis
 * detection in H&E breast histology using PHH3 as a reference", section III-C): colours are taken apart into
 * haematoxylin, eosin and a residual by Ruifrok and Johnston's vectors (2001), each is scaled and shifted, and they are put
 * together again.
 */

/** Optical densities of one unit of haematoxylin, eosin and the residual (DAB) in R, G and B, unit length. */
const STAINS = [
  [0.65, 0.704, 0.286],
  [0.072, 0.99, 0.105],
  [0.268, 0.57, 0.776],
] as const;

/** What happens to the optical density of each stain: `density * gain + shift`. */
export interface StainChange {
  readonly gain: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

/** @param strength largest change of a gain; shifts are a tenth of it, in optical density. 0 changes nothing. */
export function drawStainChange(random: () => number, strength: number): StainChange {
  const around = (): number => (2 * random() - 1) * strength;
  const gain = [1 + around(), 1 + around(), 1 + around()] as const;
  const shift = [around() / 10, around() / 10, around() / 10] as const;
  return { gain, shift };
}

/** Applies the change in place. @param rgb [pixels, 3], 0 to 255 */
export function changeStains<Bytes extends Uint8Array>(rgb: Bytes, { gain, shift }: StainChange): Bytes {
  // One matrix and one offset: unmix, scale, mix. Densities are rows times matrices.
  const unmix = inverse(STAINS);
  const matrix = [0, 1, 2].map((from) =>
    [0, 1, 2].map((to) =>
      [0, 1, 2].reduce((sum, stain) => sum + unmix[from]![stain]! * gain[stain]! * STAINS[stain]![to]!, 0),
    ),
  );
  const offset = [0, 1, 2].map((to) =>
    [0, 1, 2].reduce((sum, stain) => sum + shift[stain]! * STAINS[stain]![to]!, 0),
  );
  for (let i = 0; i < rgb.length; i += 3) {
    const r = DENSITY[rgb[i]!]!;
    const g = DENSITY[rgb[i + 1]!]!;
    const b = DENSITY[rgb[i + 2]!]!;
    for (let to = 0; to < 3; to++) {
      const density = r * matrix[0]![to]! + g * matrix[1]![to]! + b * matrix[2]![to]! + offset[to]!;
      rgb[i + to] = Math.min(255, Math.max(0, Math.round(256 * Math.exp(-density) - 1)));
    }
  }
  return rgb;
}

/** Optical density of each byte; one more than the value, so that black has one. */
const DENSITY = Float64Array.from({ length: 256 }, (_, value) => -Math.log((value + 1) / 256));

type Matrix3 = readonly (readonly [number, number, number])[];

/** Inverse of a 3 × 3 matrix by its cofactors. */
export function inverse(m: Matrix3): number[][] {
  const cofactor = (row: number, column: number): number => {
    const [a, b] = [0, 1, 2].filter((i) => i !== row) as [number, number];
    const [c, d] = [0, 1, 2].filter((i) => i !== column) as [number, number];
    const sign = (row + column) % 2 === 0 ? 1 : -1;
    return sign * (m[a]![c]! * m[b]![d]! - m[a]![d]! * m[b]![c]!);
  };
  const determinant = [0, 1, 2].reduce((sum, column) => sum + m[0]![column]! * cofactor(0, column), 0);
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => cofactor(column, row) / determinant));
}
