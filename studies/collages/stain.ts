/**
 * Matches the stain of a tile to that of all others, so that the seams of a collage betray no class: mean and spread of the
 * optical density of tissue become the same in each colour channel (as Reinhard et al. 2001 do in another colour space).
 */

/** Means and standard deviations of the optical density of tissue in R, G and B over every fifth tile of EBHI-Seg. */
export const TARGET: readonly Moments[] = [
  { mean: 0.86, deviation: 0.63 },
  { mean: 1.57, deviation: 1.1 },
  { mean: 0.44, deviation: 0.24 },
];

export interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** Lumen and glass are brighter than this in green, and stay out of the moments. */
const BRIGHTEST = 215;

const densityOf = Float64Array.from({ length: 256 }, (_, value) => -Math.log((value + 1) / 256));

/**
 * Of the optical densities of a tile's tissue, by channel; of all pixels if hardly any is tissue.
 * @param rgb [pixels, 3]
 */
export function stainMoments(rgb: Uint8Array): Moments[] {
  const pixels = rgb.length / 3;
  const tissue = Uint32Array.from({ length: pixels }, (_, i) => i).filter((i) => rgb[3 * i + 1]! < BRIGHTEST);
  const chosen = tissue.length > pixels / 20 ? tissue : Uint32Array.from({ length: pixels }, (_, i) => i);
  return [0, 1, 2].map((channel) => {
    let [sum, squares] = [0, 0];
    for (const i of chosen) {
      const density = densityOf[rgb[3 * i + channel]!]!;
      sum += density;
      squares += density ** 2;
    }
    const mean = sum / chosen.length;
    return { mean, deviation: Math.sqrt(Math.max(1e-6, squares / chosen.length - mean ** 2)) };
  });
}

/**
 * Matches a tile in place: densities by a power of themselves, so that glass stays glass and darker stays darker.
 * @param rgb [pixels, 3]
 */
export function matchStain(rgb: Uint8Array, target: readonly Moments[] = TARGET): Uint8Array {
  const own = stainMoments(rgb);
  for (let channel = 0; channel < 3; channel++) {
    const [from, to] = [own[channel]!, target[channel]!];
    // At the mean, the curve has the target's mean and the slope that turns one spread into the other.
    const power = Math.min(2, Math.max(0.5, (to.deviation / from.deviation) * (from.mean / to.mean)));
    const map = densityOf.map((density) => to.mean * (density / from.mean) ** power);
    const bytes = Uint8Array.from(map, (density) => Math.max(0, Math.round(256 * Math.exp(-density) - 1)));
    for (let i = channel; i < rgb.length; i += 3) rgb[i] = bytes[rgb[i]!]!;
  }
  return rgb;
}
