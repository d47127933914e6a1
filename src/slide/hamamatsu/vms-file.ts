/**
 * What a .vms file of Hamamatsu says: sections, keys and values that name the JPEG files of a slide. The maker publishes no
 * specification; OpenSlide's documentation describes the format (openslide.org/formats/hamamatsu).
 */
import { decimalNumber, positiveDecimal } from '../../base/decimal.ts';
import type { IniFile } from '../ini.ts';
import { SlideError } from '../slide.ts';

const section = 'Virtual Microscope Specimen';
/** Most pieces in one direction. */
const mostPieces = 256;

export interface VmsFile {
  readonly columns: number;
  readonly rows: number;
  /** Names of the pieces' files, row by row. */
  readonly images: readonly string[];
  readonly map: string | null;
  readonly macro: string | null;
  /** Where the rows of the pieces start. */
  readonly optimisation: string | null;
  readonly focalPlanes: number;
  /** Nanometres that the slide covers; null where it does not say. */
  readonly physicalWidth: number | null;
  readonly physicalHeight: number | null;
  readonly magnification: number | null;
  readonly properties: Readonly<Record<string, string>>;
}

/** Keys that name nobody. The reference may be the patient's. */
const shownKeys = ['NoLayers', 'PhysicalWidth', 'PhysicalHeight', 'SourceLens', 'LayerSpacing'];

/** @param file its name, for messages. @throws SlideError `unsupported`, `corrupt`. */
export function vmsFileOf(ini: IniFile, file: string): VmsFile {
  if (!ini.has(section)) {
    const isVmu = ini.has('Uncompressed Virtual Microscope Specimen');
    throw new SlideError(
      isVmu ? 'unsupported' : 'not-a-slide',
      file,
      isVmu ? 'This is a Hamamatsu VMU slide, which is not supported.' : 'This is not a Hamamatsu VMS slide.',
      isVmu
        ? 'Convert it with vips: vips tiffsave slide.vmu slide.tif --tile --pyramid --compression jpeg.'
        : 'Copy the file again.',
    );
  }
  const count = (key: string): number => {
    const value = ini.integer(section, key, 1, mostPieces);
    if (value === undefined) throw lacks(file, key);
    return value;
  };
  const columns = count('NoJpegColumns');
  const rows = count('NoJpegRows');
  const images: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const keys = [`ImageFile(${column},${row})`, `ImageFile(0,${column},${row})`];
      if (column === 0 && row === 0) keys.push('ImageFile(0)', 'ImageFile');
      const name = keys.map((key) => ini.value(section, key)).find((value) => value);
      if (name === undefined) throw lacks(file, keys[0]!);
      images.push(name);
    }
  }
  const named = (key: string): string | null => {
    const value = ini.value(section, key) ?? '';
    return value === '' ? null : value;
  };
  return {
    columns,
    rows,
    images,
    map: named('MapFile'),
    macro: named('MacroImage'),
    optimisation: named('OptimisationFile'),
    focalPlanes: ini.integer(section, 'NoLayers', 1, 1000) ?? 1,
    physicalWidth: positiveDecimal(ini.value(section, 'PhysicalWidth')),
    physicalHeight: positiveDecimal(ini.value(section, 'PhysicalHeight')),
    magnification: positiveDecimal(ini.value(section, 'SourceLens')),
    properties: Object.fromEntries(
      shownKeys.flatMap((key) => {
        const value = ini.value(section, key);
        return value !== undefined && decimalNumber(value) !== null ? [[key, value]] : [];
      }),
    ),
  };
}

function lacks(file: string, key: string): SlideError {
  return new SlideError(
    'corrupt',
    file,
    `This Hamamatsu VMS slide lacks ${key}, or has an impossible value there.`,
    'Copy all files of the slide again.',
  );
}
