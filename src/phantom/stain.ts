import { hash, Random } from './random.ts';

/**
 * Haematoxylin and eosin as Beer–Lambert absorbers. Each slide has its own hue and strength, as between
 * laboratories. The table maps amounts of both stains to a packed RGBA pixel.
 */
export interface StainTable {
  /** `steps * steps` pixels, little-endian RGBA, index `h * steps + e`. */
  readonly pixels: Uint32Array;
}

/** Steps of the table per stain, and the amount at its end; amount = index / `perUnit`. */
const steps = 256;
const largestAmount = 2.2;
export const stepsPerUnit = (steps - 1) / largestAmount;

/** Optical density per unit of stain in red, green, blue: near the common reference values. */
const haematoxylin = [0.6, 0.72, 0.37] as const;
const eosin = [0.14, 0.78, 0.42] as const;

export function drawStain(seed: number): StainTable {
  const random = new Random(hash(seed, 31));
  const vary = (v: readonly number[], spread: number, strength: number): number[] =>
    v.map((x) => strength * (x + random.between(-spread, spread)));
  const h = vary(haematoxylin, 0.05, random.between(0.85, 1.15));
  const e = vary(eosin, 0.05, random.between(0.8, 1.2));
  const glass = [random.between(241, 247), random.between(240, 246), random.between(242, 248)];
  const pixels = new Uint32Array(steps * steps);
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < steps; j++) {
      let packed = 0xff000000;
      for (let c = 0; c < 3; c++) {
        const density = (h[c]! * i + e[c]! * j) / stepsPerUnit;
        packed |= Math.round(glass[c]! * Math.exp(-density)) << (8 * c);
      }
      pixels[i * steps + j] = packed >>> 0;
    }
  }
  return { pixels };
}

/** The pixel for amounts of haematoxylin and eosin; amounts are clamped to the table. */
export function stainPixel(table: StainTable, h: number, e: number): number {
  let i = (h * stepsPerUnit + 0.5) | 0;
  let j = (e * stepsPerUnit + 0.5) | 0;
  if (i < 0) i = 0;
  else if (i >= steps) i = steps - 1;
  if (j < 0) j = 0;
  else if (j >= steps) j = steps - 1;
  return table.pixels[i * steps + j]!;
}
