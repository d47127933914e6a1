/** Opens a dataset of any known layout, and selects patients. */
import { stat } from 'node:fs/promises';
import { annotatedSlides } from './annotated-slides.ts';
import { cutOutSlices, isCutOutSlices } from './cut-out-slices.ts';
import { DatasetError, type DatasetItem, type DatasetOptions } from './dataset.ts';
import { indexedImages, isIndexedImages } from './indexed-images.ts';

/** @throws DatasetError when the folder does not exist or has no known layout. */
export async function openDataset(folder: string, options: DatasetOptions): Promise<DatasetItem[]> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new DatasetError(folder, 'There is no such folder.', 'Choose the folder of a dataset.');
  if (isIndexedImages(folder)) return indexedImages(folder, options);
  return isCutOutSlices(folder) ? cutOutSlices(folder, options) : annotatedSlides(folder, options);
}

export interface PatientChoice {
  /** Only these; all when null. */
  readonly only: readonly string[] | null;
  /** Not these. */
  readonly except: readonly string[];
}

/**
 * The items of the chosen patients.
 * @throws DatasetError when the dataset lacks a named patient, or no image remains.
 */
export function ofPatients(
  items: readonly DatasetItem[],
  { only, except }: PatientChoice,
  folder: string,
): DatasetItem[] {
  const known = new Set(items.map(({ patient }) => patient));
  for (const named of [...(only ?? []), ...except]) {
    if (!known.has(named)) {
      const names = [...known].map((patient) => patient ?? '(unknown)').join(', ');
      throw new DatasetError(folder, `There is no patient "${named}".`, `Choose from: ${names}.`);
    }
  }
  const chosen = items.filter(
    ({ patient }) =>
      (only === null || (patient !== null && only.includes(patient))) &&
      !(patient !== null && except.includes(patient)),
  );
  if (chosen.length === 0) {
    throw new DatasetError(folder, 'The chosen patients have no images.', 'Choose others.');
  }
  return chosen;
}
