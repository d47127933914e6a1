/**
 * An input for a model's golden check that is made, not taken from data: for models whose training images may not
 * be passed on. Blots of two stains over stroma-like noise, so that a network finds more than one class in it.
 */
import type { Preset } from '../model/presets.ts';
import { mulberry32 } from '../runtime/variables.ts';
import type { Sample } from './sample.ts';

/** Optical densities of haematoxylin and eosin in R, G and B (Ruifrok and Johnston 2001). */
const HAEMATOXYLIN = [0.65, 0.704, 0.286] as const;
const EOSIN = [0.072, 0.99, 0.105] as const;

/** The same for the same preset. Classes are all 0: nothing is compared with them. */
export function goldenPattern({ slicePx, contextPx }: Preset): Sample {
  return {
    slice: pattern(slicePx, 1),
    classes: new Uint8Array(slicePx * slicePx),
    context: contextPx === null ? null : pattern(contextPx, 2),
    contextClasses: contextPx === null ? null : new Uint8Array(contextPx * contextPx),
    place: { x: 0.25, y: 0.375, size: 0.25 },
  };
}

/** [side, side, 3] */
function pattern(side: number, seed: number): Uint8Array<ArrayBuffer> {
  const nuclei = noise(side, 6, seed * 2);
  const glands = noise(side, 24, seed * 2 + 1);
  const rgb = new Uint8Array(side * side * 3);
  for (let i = 0; i < side * side; i++) {
    const [fine, coarse] = [nuclei[i]!, glands[i]!];
    const lumen = coarse > 0.62;
    const haematoxylin = lumen ? 0.02 : 0.15 + (fine > 0.55 ? 0.7 * coarse : 0.1 * fine);
    const eosin = lumen ? 0.02 : 0.15 + 0.25 * (1 - coarse);
    for (let channel = 0; channel < 3; channel++) {
      const density = haematoxylin * HAEMATOXYLIN[channel]! + eosin * EOSIN[channel]!;
      rgb[i * 3 + channel] = Math.round(255 * Math.exp(-density));
    }
  }
  return rgb;
}

/** Smooth noise, [side, side], 0 to 1: random values every `cell` pixels, interpolated between. */
function noise(side: number, cell: number, seed: number): Float32Array {
  const random = mulberry32(seed);
  const columns = Math.ceil(side / cell) + 1;
  const values = Float32Array.from({ length: columns * columns }, random);
  return Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / cell, Math.floor(i / side) / cell];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const at = (column: number, row: number): number => values[row * columns + column]!;
    const above = at(left, top) + (at(left + 1, top) - at(left, top)) * (x - left);
    const below = at(left, top + 1) + (at(left + 1, top + 1) - at(left, top + 1)) * (x - left);
    return above + (below - above) * (y - top);
  });
}
