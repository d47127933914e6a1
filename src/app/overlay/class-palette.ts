/** Class colours as pixels: the tables that turn class values into them. Palettes are in `base/class-colours.ts`. */
import { parseColour } from '../../base/class-colours.ts';
import type { PaletteClass } from '../../base/class-colours.ts';

export { classColours, classKey, paletteIds, paletteTitles, parseColour } from '../../base/class-colours.ts';
export type { PaletteClass, PaletteId } from '../../base/class-colours.ts';

/** A table of 256 pixels, bytes R, G, B, A in memory order. */
export type PixelTable = Uint32Array<ArrayBuffer>;

/**
 * Pixel per class value. Background classes, hidden classes and values without a class are transparent;
 * all others are opaque, because opacity applies to the layer as a whole.
 */
export function classPixels(
  classes: readonly PaletteClass[],
  colours: readonly string[],
  hidden: readonly number[],
): PixelTable {
  const bytes = new Uint8ClampedArray(256 * 4);
  classes.forEach((entry, value) => {
    const colour = colours[value];
    if (entry.background || hidden.includes(value) || colour === undefined) return;
    bytes.set([...parseColour(colour), 255], value * 4);
  });
  return new Uint32Array(bytes.buffer);
}

/** Stops of cividis (Nuñez, Anderton and Renslow 2018): legible with and without colour vision. */
const cividis = ['#00224e', '#35456c', '#666970', '#948e77', '#c8b866', '#fee838'];

export const confidenceRamp: readonly string[] = cividis;

/** Pixel per confidence value from 0 to 255, opaque. */
export function confidencePixels(): PixelTable {
  const bytes = new Uint8ClampedArray(256 * 4);
  const stops = cividis.map(parseColour);
  for (let value = 0; value < 256; value++) {
    const position = (value / 255) * (stops.length - 1);
    const index = Math.min(stops.length - 2, Math.floor(position));
    const from = stops[index] ?? [0, 0, 0];
    const to = stops[index + 1] ?? from;
    const share = position - index;
    for (let channel = 0; channel < 3; channel++) {
      const start = from[channel] ?? 0;
      bytes[value * 4 + channel] = Math.round(start + ((to[channel] ?? 0) - start) * share);
    }
    bytes[value * 4 + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}
