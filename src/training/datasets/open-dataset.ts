/** Opens a dataset of any known layout, and selects patients. */
import { stat } from 'node:fs/promises';
import { annotatedSlides } from './annotated-slides.ts';
import { bcss, findBcss } from './bcss.ts';
import { cutOutSlices, isCutOutSlices } from './cut-out-slices.ts';
import { DatasetError, type DatasetItem, type DatasetOptions } from './dataset.ts';
import { indexedImages, isIndexedImages } from './indexed-images.ts';
import { isOneOf, isPatient } from './patient-names.ts';
import { findSicap, sicap } from './sicap.ts';

/** @throws DatasetError when the folder does not exist or has no known layout. */
export async function openDataset(folder: string, options: DatasetOptions): Promise<DatasetItem[]> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new DatasetError(folder, 'There is no such folder.', 'Choose the folder of a dataset.');
  if (isIndexedImages(folder)) return indexedImages(folder, options);
  if (isCutOutSlices(folder)) return cutOutSlices(folder, options);
  const regions = await findBcss(folder);
  if (regions !== null) return bcss(regions, options);
  const patches = await findSicap(folder);
  return patches === null ? annotatedSlides(folder, options) : sicap(folder, patches, options);
}

export interface PatientChoice {
  /** Only these, each a name or a beginning with `*`; all when null. */
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
    if (![...known].some((patient) => isPatient(named, patient))) {
      const names = [...known].map((patient) => patient ?? '(unknown)').join(', ');
      throw new DatasetError(folder, `There is no patient "${named}".`, `Choose from: ${names}.`);
    }
  }
  const chosen = items.filter(
    ({ patient }) => (only === null || isOneOf(only, patient)) && !isOneOf(except, patient),
  );
  if (chosen.length === 0) {
    throw new DatasetError(folder, 'The chosen patients have no images.', 'Choose others.');
  }
  return chosen;
}
