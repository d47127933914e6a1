/** Palettes of class colours, and the tables that turn class values into pixels. */

export const paletteIds = ['colour-blind-safe', 'bach', 'model'] as const;
export type PaletteId = (typeof paletteIds)[number];

export const paletteTitles: Readonly<Record<PaletteId, string>> = {
  'colour-blind-safe': 'Colour-blind safe',
  bach: 'BACH (red, green, blue)',
  model: 'Model palette',
};

/** The properties of a class that palettes need; classes of a manifest qualify. */
export interface PaletteClass {
  readonly name: string;
  /** `#rrggbb`. */
  readonly colour: string;
  readonly background: boolean;
  /** Whether its colour means something, so that palettes do not change it. */
  readonly ownColour?: boolean;
}

/** Colours by `classKey`. */
const named: Readonly<Record<Exclude<PaletteId, 'model'>, Readonly<Record<string, string>>>> = {
  'colour-blind-safe': { benign: '#00C896', insitu: '#FFE000', invasive: '#000080' },
  bach: { benign: '#FF0000', insitu: '#00FF00', invasive: '#0000FF' },
};

/** For classes that the palette does not name, after its own: of Okabe and Ito's set, tissue-like colours last. */
const further = ['#56B4E9', '#E69F00', '#000000', '#D55E00', '#CC79A7'];

/** `#rrggbb` of each class, in order. Background classes keep the manifest's colour. */
export function classColours(classes: readonly PaletteClass[], palette: PaletteId): string[] {
  if (palette === 'model') return classes.map((entry) => entry.colour);
  const table = named[palette];
  const taken = new Set(classes.map((entry) => table[classKey(entry.name)]));
  // Classes with other names get the palette's colours first, in its order.
  const free = [...new Set([...Object.values(table), ...further])].filter((colour) => !taken.has(colour));
  let next = 0;
  return classes.map((entry) => {
    if (entry.background || entry.ownColour === true) return entry.colour;
    return table[classKey(entry.name)] ?? free[next++ % free.length] ?? entry.colour;
  });
}

/** A class name for comparisons: lower case, letters only. */
export function classKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, '');
}

/** Red, green, blue from 0 to 255. @throws RangeError when `colour` is not `#rrggbb`. */
export function parseColour(colour: string): [number, number, number] {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (match === null) throw new RangeError(`"${colour}" is not a colour like #000080.`);
  const channel = (index: number): number => parseInt(match[index] ?? '', 16);
  return [channel(1), channel(2), channel(3)];
}

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
