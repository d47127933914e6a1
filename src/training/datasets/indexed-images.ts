/**
 * A folder of images with index masks: `index.csv`, `images/` and one folder of masks (`masks…`), PNG files
 * whose values are classes. The CSV has a header. Its columns: `name` or `file`, the image's path in
 * `images/` without extension; `patient` (optional); `weight` (optional, 1 by default), the relative
 * frequency with which training draws from the image. GlaS and EBHI have this layout.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCsv } from '../../base/read-csv.ts';
import { type ClassesIn, DatasetError, type DatasetItem, type DatasetOptions, openImage } from './dataset.ts';
import { readIndexMask } from './index-mask.ts';

const indexFile = 'index.csv';
const imageEndings = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff'];

/** Whether the folder has this layout. */
export function isIndexedImages(folder: string): boolean {
  return existsSync(join(folder, indexFile));
}

/** @throws DatasetError when the index, an image or the masks are missing. */
export async function indexedImages(folder: string, options: DatasetOptions): Promise<DatasetItem[]> {
  const index = join(folder, indexFile);
  const rows = readIndex(await readFile(index, 'utf8'), index);
  const masks = (await readdir(folder)).filter((name) => name.startsWith('masks')).sort();
  const [maskFolder] = masks;
  if (maskFolder === undefined || masks.length > 1) {
    throw new DatasetError(
      folder,
      `There ${masks.length === 0 ? 'is no folder' : 'are several folders'} of masks next to ${indexFile}.`,
      'Keep one folder whose name starts with "masks".',
    );
  }
  return rows.map(({ name, patient, weight }) => {
    const image = imageEndings.map((ending) => join(folder, 'images', name + ending)).find(existsSync);
    if (image === undefined) {
      throw new DatasetError(index, `There is no image "${name}" in images/.`, 'Add it or remove its row.');
    }
    const mask = join(folder, maskFolder, `${name}.png`);
    return {
      name,
      image,
      mpp: options.mpp,
      patient,
      weight,
      open: () => openImage(image),
      truth: () => readMask(mask, options),
    };
  });
}

function readIndex(text: string, file: string): Pick<DatasetItem, 'name' | 'patient' | 'weight'>[] {
  const remedy = 'It must be a CSV file with a header and a column "name" or "file".';
  let records: Record<string, string | undefined>[];
  try {
    records = readCsv(text);
  } catch (error) {
    throw new DatasetError(file, `It can't be read as CSV (${(error as Error).message}).`, remedy);
  }
  if (records.length === 0) throw new DatasetError(file, 'It has no rows.', remedy);
  return records.map((record, row) => {
    const name = record.name ?? record.file ?? '';
    if (name === '' || name.split('/').includes('..')) {
      throw new DatasetError(file, `Row ${String(row + 2)} names no image in images/.`, remedy);
    }
    const { patient, weight: written = '' } = record;
    const weight = written === '' ? 1 : Number(written);
    if (!(weight > 0 && weight < Infinity)) {
      const problem = `The weight in row ${String(row + 2)} is "${written}".`;
      throw new DatasetError(file, problem, 'It must be a number above 0, or empty.');
    }
    return { name, patient: patient === undefined || patient === '' ? null : patient, weight };
  });
}

async function readMask(
  file: string,
  { classNames, classOfValue }: Pick<DatasetOptions, 'classNames' | 'classOfValue'>,
): Promise<ClassesIn> {
  const { width, height, values } = await readIndexMask(file);
  const classes = new Uint8Array(width * height);
  for (let i = 0; i < classes.length; i++) {
    const value = values[i]!;
    const classIndex = classOfValue === null ? value : classOfValue[value];
    if (classIndex === undefined || classIndex >= classNames.length) {
      throw new DatasetError(
        file,
        `The mask contains the value ${String(value)}, but there are only ${String(classNames.length)} classes.`,
        'Map values to classes in the configuration ("classOfValue").',
      );
    }
    classes[i] = classIndex;
  }
  return maskReader(classes, width, height);
}

/** Looks up classes in a mask of the image's size, [height, width]. */
export function maskReader(classes: Uint8Array, width: number, height: number): ClassesIn {
  return (rect, outWidth, outHeight) => {
    const out = new Uint8Array(outWidth * outHeight);
    for (let row = 0; row < outHeight; row++) {
      const y = Math.floor(rect.y + ((row + 0.5) * rect.height) / outHeight);
      if (y < 0 || y >= height) continue;
      for (let column = 0; column < outWidth; column++) {
        const x = Math.floor(rect.x + ((column + 0.5) * rect.width) / outWidth);
        if (x >= 0 && x < width) out[row * outWidth + column] = classes[y * width + x]!;
      }
    }
    return out;
  };
}
