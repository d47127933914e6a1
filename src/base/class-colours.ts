/**
 * Palettes of class colours: the same classes have the same colours on the page, in its exports and in the files of the command
 * line. The default was checked over H&E for the three colour-vision deficiencies (`app/overlay/colour-vision.test.ts`).
 */

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

/** The classes in the default palette, for files: whatever a manifest says, they look as on the page. */
export function inDefaultColours<Class extends PaletteClass>(classes: readonly Class[]): Class[] {
  const colours = classColours(classes, 'colour-blind-safe');
  return classes.map((entry, value) => ({ ...entry, colour: colours[value] ?? entry.colour }));
}
