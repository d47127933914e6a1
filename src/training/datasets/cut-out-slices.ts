/**
 * The layout of the images that the paper's authors cut out
 * (github.com/iceli1007/ICIAR2018_BACH_Challenge-DA-Refinenet, data/):
 *
 * - `splited_svs_little/A01_0_10000_image_37.png`: slices of 1000 × 1000 pixels at stride 500 of the region
 *   at (0, 10000) of slide A01, numbered 0 to 80 row by row;
 * - `splited_svs_resize/A01_0_10000_image.png`: the region of 5000 × 5000 pixels, resized to 500 × 500 (the
 *   context);
 * - `splited_xml/A01_0_10000_anno.png`: the region's mask in colours;
 * - `splited_xml_little_P/A01_0_10000_anno_37.png`: a slice's mask, values are classes;
 *   `splited_xml_little/…`: the same in colours. Red is 1, green 2, blue 3;
 * - `train.txt`, `test.txt`: names of the masks of the slices that the authors kept after balancing the
 *   classes.
 *
 * Each region is an item; its slide counts as the patient. The authors test on A05 and A10 and train on the
 * rest.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { cellsPerRow, cutOut, cutOutSlide, slicesOver, type CutOutRegion } from './cut-out-slide.ts';
import { DatasetError, type ClassesIn, type DatasetItem, type DatasetOptions } from './dataset.ts';
import { maskReader } from './indexed-images.ts';

const sliceFolder = 'splited_svs_little';
const contextFolder = 'splited_svs_resize';
const regionMaskFolder = 'splited_xml';
/** Folders of slice masks, in order of preference. */
const sliceMaskFolders = ['splited_xml_little_P', 'splited_xml_little'];
const listFiles = ['train.txt', 'test.txt'];
const lastSlice = cutOut.slicesPerRow ** 2 - 1;

/** Whether the folder has this layout. */
export function isCutOutSlices(folder: string): boolean {
  return existsSync(join(folder, sliceFolder));
}

/** @throws DatasetError when there is no slice, or a list is invalid. */
export async function cutOutSlices(folder: string, options: DatasetOptions): Promise<DatasetItem[]> {
  const regions = new Map<string, Map<number, string>>();
  for (const file of await readdir(join(folder, sliceFolder))) {
    const [, name, number] = /^(\w+_\d+_\d+)_image_(\d+)\.png$/.exec(file) ?? [];
    if (name === undefined || Number(number) > lastSlice) continue;
    const slices = regions.get(name) ?? new Map<number, string>();
    regions.set(name, slices.set(Number(number), join(folder, sliceFolder, file)));
  }
  if (regions.size === 0) {
    throw new DatasetError(
      join(folder, sliceFolder),
      'It contains no slice with a name like A01_0_10000_image_37.png.',
      'Choose the folder of the cut-out slices.',
    );
  }
  const listed = await readLists(folder);
  // Callers read the truth and the counted pixels of one region after another: the masks of the last region
  // are cached.
  let last: { readonly name: string; readonly masks: Promise<Masks> } | null = null;
  const masksOf = (name: string): Promise<Masks> => {
    if (last?.name !== name) last = { name, masks: readMasks(folder, name, options) };
    return last.masks;
  };
  return [...regions]
    .sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }))
    .map(([name, slices]): DatasetItem => {
      const small = join(folder, contextFolder, `${name}_image.png`);
      const region: CutOutRegion = { name, slices, small: existsSync(small) ? small : null };
      return {
        name,
        image: join(folder, sliceFolder, name),
        mpp: options.mpp,
        patient: name.replace(/_\d+_\d+$/, ''),
        weight: 1,
        open: async () => cutOutSlide(region),
        truth: async () => {
          const { classes } = await masksOf(name);
          return maskReader(classes, cutOut.regionPx, cutOut.regionPx);
        },
        counted: async () => {
          const { known } = await masksOf(name);
          const cells = countedCells(
            region,
            known,
            listed?.get(name) ?? (listed === null ? null : new Set()),
          );
          return cellReader(cells);
        },
      };
    });
}

/** Numbers of the listed slices, by region; null without lists, so that all slices count. */
async function readLists(folder: string): Promise<Map<string, Set<number>> | null> {
  const lists = listFiles.map((name) => join(folder, name)).filter(existsSync);
  if (lists.length === 0) return null;
  const listed = new Map<string, Set<number>>();
  for (const list of lists) {
    const lines = (await readFile(list, 'utf8')).split(/\s+/).filter((line) => line !== '');
    for (const line of lines) {
      const [, name, number] = /^(\w+_\d+_\d+)_(?:anno|image)_(\d+)\.png$/.exec(line) ?? [];
      if (name === undefined || Number(number) > lastSlice) {
        throw new DatasetError(
          list,
          `"${line.slice(0, 60)}" is not the name of a slice.`,
          'It must have one name per line, like A05_30000_5000_anno_15.png.',
        );
      }
      listed.set(name, (listed.get(name) ?? new Set()).add(Number(number)));
    }
  }
  return listed;
}

/** 1 for each cell that has pixels and known classes and is part of a listed slice, row by row. */
function countedCells(
  region: CutOutRegion,
  known: Uint8Array,
  listed: ReadonlySet<number> | null,
): Uint8Array {
  return known.map((isKnown, cell) => {
    const over = slicesOver(cell % cellsPerRow, Math.floor(cell / cellsPerRow));
    const hasPixels = over.some((number) => region.slices.has(number));
    const isListed = listed === null || over.some((number) => listed.has(number));
    return Number(isKnown === 1 && hasPixels && isListed);
  });
}

/** Looks up the cell of each pixel. */
function cellReader(cells: Uint8Array): ClassesIn {
  const coarse = maskReader(cells, cellsPerRow, cellsPerRow);
  const { stridePx } = cutOut;
  return (rect, width, height) =>
    coarse(
      {
        x: rect.x / stridePx,
        y: rect.y / stridePx,
        width: rect.width / stridePx,
        height: rect.height / stridePx,
      },
      width,
      height,
    );
}

interface Masks {
  /** [5000, 5000] */
  readonly classes: Uint8Array;
  /** [10, 10], 1 for cells whose classes are known. */
  readonly known: Uint8Array;
}

/**
 * A region's classes, from the mask of the region if there is one, otherwise from those of its slices.
 * @throws DatasetError.
 */
async function readMasks(folder: string, name: string, options: DatasetOptions): Promise<Masks> {
  const { regionPx, slicePx, stridePx, slicesPerRow } = cutOut;
  const whole = join(folder, regionMaskFolder, `${name}_anno.png`);
  if (existsSync(whole)) {
    const classes = await readMask(whole, regionPx, options);
    return { classes, known: new Uint8Array(cellsPerRow ** 2).fill(1) };
  }
  const classes = new Uint8Array(regionPx * regionPx);
  const known = new Uint8Array(cellsPerRow ** 2);
  for (let number = 0; number <= lastSlice; number++) {
    const file = sliceMaskFolders
      .map((masks) => join(folder, masks, `${name}_anno_${number}.png`))
      .find(existsSync);
    if (file === undefined) continue;
    const mask = await readMask(file, slicePx, options);
    const [column, row] = [number % slicesPerRow, Math.floor(number / slicesPerRow)];
    for (let y = 0; y < slicePx; y++) {
      const to = (row * stridePx + y) * regionPx + column * stridePx;
      classes.set(mask.subarray(y * slicePx, (y + 1) * slicePx), to);
    }
    for (const cell of [0, 1, cellsPerRow, cellsPerRow + 1]) known[row * cellsPerRow + column + cell] = 1;
  }
  if (!known.includes(1)) {
    throw new DatasetError(
      join(folder, regionMaskFolder),
      `Region ${name} has no mask, and neither has any of its slices.`,
      `Add ${name}_anno.png, or remove the slices of the region.`,
    );
  }
  return { classes, known };
}

/** Classes of a mask of `side` × `side` pixels, greyscale or coloured. @throws DatasetError. */
async function readMask(
  file: string,
  side: number,
  { classNames, classOfValue }: DatasetOptions,
): Promise<Uint8Array> {
  const remedy = 'Use masks as the authors cut them: values 0 to 3, or black, red, green and blue.';
  const { data, info } = await sharp(file)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw new DatasetError(file, `The mask can't be read (${(error as Error).message}).`, remedy);
    });
  if (info.width !== side || info.height !== side) {
    throw new DatasetError(
      file,
      `The mask has ${info.width} × ${info.height} pixels, not ${side} × ${side}.`,
      remedy,
    );
  }
  const classes = new Uint8Array(side * side);
  for (let i = 0; i < classes.length; i++) {
    const at = i * info.channels;
    const value = valueOf(data[at]!, data[at + 1] ?? 0, data[at + 2] ?? 0, info.channels);
    const classIndex = value === null || classOfValue === null ? value : classOfValue[value];
    if (classIndex == null || classIndex >= classNames.length) {
      const pixel = [...data.subarray(at, at + info.channels)].join(', ');
      throw new DatasetError(file, `The mask contains a pixel (${pixel}) that is no class.`, remedy);
    }
    classes[i] = classIndex;
  }
  return classes;
}

/** The value of a pixel: its grey level, or that of pure red, green or blue; null for other colours. */
function valueOf(red: number, green: number, blue: number, channels: number): number | null {
  // Decoders return greyscale images with three equal channels.
  if (channels < 3 || (red === green && green === blue)) return red;
  if (red === 255 && green === 0 && blue === 0) return 1;
  if (red === 0 && green === 255 && blue === 0) return 2;
  if (red === 0 && green === 0 && blue === 255) return 3;
  return null;
}
