/**
 * What Slidedat.ini says of a 3DHISTECH (MIRAX) slide. The maker publishes no specification; OpenSlide's documentation
 * describes the format (openslide.org/formats/mirax).
 */
import { positiveDecimal } from '../../base/decimal.ts';
import type { IniFile } from '../ini.ts';
import { maxSide, maxTilePixels } from '../limits.ts';
import { SlideError } from '../slide.ts';
import { filtersOf, filterStride, type MrxsFilter } from './filters.ts';

export type MrxsImageFormat = 'JPEG' | 'PNG' | 'BMP24';

/** A zoom level. */
export interface MrxsZoom {
  /** By how many halvings it is smaller than the level before it; for the first one, than the camera's pixels. */
  readonly halvings: number;
  readonly format: MrxsImageFormat;
  /** Size of its images in pixels. */
  readonly imageWidth: number;
  readonly imageHeight: number;
  /** Overlap of neighbouring photos, pixels; may be fractional. */
  readonly overlapX: number;
  readonly overlapY: number;
}

/** An entry of the index beside the zoom levels, in the index's order. */
export interface MrxsRecord {
  /** The kind, for example `Scan data layer`. */
  readonly name: string;
  readonly value: string;
}

export interface Slidedat {
  /** As it begins the index file. */
  readonly id: string;
  readonly indexFile: string;
  readonly dataFiles: readonly string[];
  /** Images in each direction at the camera's resolution. */
  readonly imagesAcross: number;
  readonly imagesDown: number;
  /** Images per photo, in each direction. */
  readonly divisions: number;
  readonly zooms: readonly MrxsZoom[];
  /** Entries of the index before the first zoom level. */
  readonly firstZoom: number;
  /** Of a fluorescence slide; null for one of colours. */
  readonly filters: readonly MrxsFilter[] | null;
  /** Entries of the index between one filter level and the next. */
  readonly filterStride: number;
  readonly records: readonly MrxsRecord[];
  readonly mpp: { readonly x: number | null; readonly y: number | null };
  readonly magnification: number | null;
  /** Red, green and blue where no image is. */
  readonly fill: readonly [number, number, number];
  readonly focalPlanes: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** Most levels and entries of one kind, data files, and images of a photo in one direction. */
const maxCount = 65_536;
const maxZooms = 32;
const maxDivisions = 256;

/** Keys that name nobody. The slide's name and its barcode may. */
const shownKeys = [
  'SLIDE_VERSION',
  'SLIDE_TYPE',
  'OBJECTIVE_NAME',
  'OBJECTIVE_MAGNIFICATION',
  'CAMERA_TYPE',
  'CameraImageDivisionsPerSide',
];

/** @param file its name, for messages. @throws SlideError `corrupt`, `unsupported`. */
export function slidedatOf(ini: IniFile, file: string): Slidedat {
  const reader = new Reader(ini, file);
  const hierarchical = 'HIERARCHICAL';
  const counts = range(reader.count(hierarchical, 'HIER_COUNT', 1, maxZooms)).map((i) => ({
    name: reader.text(hierarchical, `HIER_${i}_NAME`),
    count: reader.count(hierarchical, `HIER_${i}_COUNT`, 0, maxCount),
  }));
  const zoom = counts.findIndex(({ name }) => name === 'Slide zoom level');
  const levels = counts[zoom];
  if (levels === undefined || levels.count < 1 || levels.count > maxZooms)
    throw reader.corrupt('has no zoom levels');
  const sections = range(levels.count).map((i) => reader.text(hierarchical, `HIER_${zoom}_VAL_${i}_SECTION`));
  const first = sections[0]!;
  const mpp = ['X', 'Y'].map((axis) => positiveDecimal(ini.value(first, `MICROMETER_PER_PIXEL_${axis}`)));
  const bgr = ini.integer(first, 'IMAGE_FILL_COLOR_BGR', 0, 0xffffff) ?? 0xffffff;
  const zooms = sections.map((section, i) => zoomOf(reader, section, i === 0));
  if (
    zooms.some((one) => one.imageWidth !== zooms[0]!.imageWidth || one.imageHeight !== zooms[0]!.imageHeight)
  )
    throw reader.corrupt('has images of several sizes');
  if (zooms[0]!.imageWidth * zooms[0]!.imageHeight > maxTilePixels)
    throw reader.corrupt('has images of an impossible size');
  return {
    id: reader.text('GENERAL', 'SLIDE_ID'),
    indexFile: reader.text(hierarchical, 'INDEXFILE'),
    dataFiles: range(reader.count('DATAFILE', 'FILE_COUNT', 1, maxCount)).map((i) =>
      reader.text('DATAFILE', `FILE_${i}`),
    ),
    imagesAcross: reader.count('GENERAL', 'IMAGENUMBER_X', 1, maxSide),
    imagesDown: reader.count('GENERAL', 'IMAGENUMBER_Y', 1, maxSide),
    divisions: ini.integer('GENERAL', 'CameraImageDivisionsPerSide', 1, maxDivisions) ?? 1,
    zooms,
    firstZoom: counts.slice(0, zoom).reduce((sum, { count }) => sum + count, 0),
    filters: filtersOf(ini, counts),
    filterStride: filterStride(counts),
    records: recordsOf(reader),
    mpp: { x: mpp[0] ?? null, y: mpp[1] ?? null },
    magnification: positiveDecimal(ini.value('GENERAL', 'OBJECTIVE_MAGNIFICATION')),
    fill: [bgr & 0xff, (bgr >> 8) & 0xff, bgr >> 16],
    focalPlanes: counts.find(({ name }) => /focus level/i.test(name))?.count ?? 1,
    properties: Object.fromEntries(
      shownKeys.flatMap((key) => {
        const value = ini.value('GENERAL', key);
        return value === undefined || value === '' ? [] : [[key, value]];
      }),
    ),
  };
}

function zoomOf(reader: Reader, section: string, isFirst: boolean): MrxsZoom {
  const format = reader.text(section, 'IMAGE_FORMAT');
  if (format !== 'JPEG' && format !== 'PNG' && format !== 'BMP24') {
    throw new SlideError(
      'unsupported',
      reader.file,
      `This is a 3DHISTECH slide whose images are ${format}, which is not supported.`,
      'Export it as TIFF with 3DHISTECH SlideConverter, and open that.',
    );
  }
  return {
    halvings: reader.count(section, 'IMAGE_CONCAT_FACTOR', isFirst ? 0 : 1, 24),
    format,
    imageWidth: reader.count(section, 'DIGITIZER_WIDTH', 1, 16_384),
    imageHeight: reader.count(section, 'DIGITIZER_HEIGHT', 1, 16_384),
    overlapX: positiveDecimal(reader.ini.value(section, 'OVERLAP_X')) ?? 0,
    overlapY: positiveDecimal(reader.ini.value(section, 'OVERLAP_Y')) ?? 0,
  };
}

function recordsOf(reader: Reader): MrxsRecord[] {
  const section = 'HIERARCHICAL';
  const records: MrxsRecord[] = [];
  for (const i of range(reader.count(section, 'NONHIER_COUNT', 0, maxZooms * 8))) {
    const name = reader.text(section, `NONHIER_${i}_NAME`);
    const count = reader.count(section, `NONHIER_${i}_COUNT`, 0, maxCount);
    if (records.length + count > maxCount) throw reader.corrupt('has too many entries');
    for (const value of range(count)) {
      records.push({ name, value: reader.ini.value(section, `NONHIER_${i}_VAL_${value}`) ?? '' });
    }
  }
  return records;
}

/** Values that must be there. */
class Reader {
  readonly ini: IniFile;
  readonly file: string;

  constructor(ini: IniFile, file: string) {
    this.ini = ini;
    this.file = file;
  }

  text(section: string, key: string): string {
    const value = this.ini.value(section, key);
    if (value === undefined || value === '') throw this.corrupt(`lacks ${key} in its section ${section}`);
    return value;
  }

  count(section: string, key: string, least: number, most: number): number {
    const value = this.ini.integer(section, key, least, most);
    if (value !== undefined) return value;
    throw this.corrupt(`lacks ${key} in its section ${section}, or has an impossible value there`);
  }

  corrupt(what: string): SlideError {
    return new SlideError(
      'corrupt',
      this.file,
      `The description of this 3DHISTECH slide ${what}.`,
      'Copy the whole folder of the slide again.',
    );
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
