/** Recognises a dataset's layout, and takes patients in or out. */
import { stat } from 'node:fs/promises';
import { annotatedSlides } from './annotated-slides.ts';
import { cutOutSlices, isCutOutSlices } from './cut-out-slices.ts';
import { DatasetError, type DatasetItem, type DatasetOptions } from './dataset.ts';
import { indexedImages, isIndexedImages } from './indexed-images.ts';

/** @throws DatasetError when the folder is none, or has no known layout. */
export async function openDataset(folder: string, options: DatasetOptions): Promise<DatasetItem[]> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new DatasetError(folder, 'There is no such folder.', 'Give the folder of a dataset.');
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
 * @throws DatasetError when a patient is named whom the dataset does not have, or nothing is left.
 */
export function ofPatients(
  items: readonly DatasetItem[],
  { only, except }: PatientChoice,
  folder: string,
): DatasetItem[] {
  const known = new Set(items.map(({ patient }) => patient));
  for (const named of [...(only ?? []), ...except]) {
    if (!known.has(named)) {
      const names = [...known].map((patient) => patient ?? '(not said)').join(', ');
      throw new DatasetError(folder, `There is no patient "${named}".`, `Name some of: ${names}.`);
    }
  }
  const chosen = items.filter(
    ({ patient }) =>
      (only === null || (patient !== null && only.includes(patient))) &&
      !(patient !== null && except.includes(patient)),
  );
  if (chosen.length === 0) {
    throw new DatasetError(folder, 'No image is left of the chosen patients.', 'Choose others.');
  }
  return chosen;
}
