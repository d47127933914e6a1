/** Which images of a dataset a model is measured on: by default those of patients that its training never saw. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { DatasetItem } from '../training/datasets/dataset.ts';
import { ofPatients, openDataset } from '../training/datasets/open-dataset.ts';

/** Names of patients, or everybody. */
export type PatientsOption = readonly string[] | 'all';

export interface ImageChoice {
  readonly data: string;
  readonly mpp?: number;
  readonly classOfValue?: readonly number[];
  readonly patients?: PatientsOption;
  readonly tissueOnly?: boolean;
}

/** Names by comma, or "all". */
export function parsePatients(text: string): PatientsOption {
  return text === 'all' ? 'all' : text.split(',').map((name) => name.trim());
}

/**
 * The images, and in words which they are. A model says in its manifest which patients it never saw, and what the files of
 * its data don't say; both count where all of these patients are in the folder, which then is that data.
 * @throws DatasetError when the folder is no dataset, or a patient is not in it.
 */
export async function chooseImages(
  manifest: Pick<ModelManifest, 'classes' | 'dataset'>,
  { data, mpp, classOfValue, patients, tissueOnly }: ImageChoice,
): Promise<{ images: DatasetItem[]; split: string }> {
  const open = (known: ModelManifest['dataset']): Promise<DatasetItem[]> =>
    openDataset(data, {
      classNames: manifest.classes.map(({ name }) => name),
      mpp: mpp ?? known?.mpp ?? null,
      classOfValue: classOfValue ?? known?.classOfValue ?? null,
      tissueOnly: tissueOnly ?? known?.tissueOnly ?? false,
    });
  const found = await open(undefined);
  const heldOut = manifest.dataset?.heldOutPatients ?? [];
  const present = new Set(found.map(({ patient }) => patient));
  const isOwnData = heldOut.length > 0 && heldOut.every((name) => present.has(name));
  const items = isOwnData ? await open(manifest.dataset) : found;
  if (patients === 'all') {
    return { images: items, split: isOwnData ? 'all patients, those of the training too' : 'all images' };
  }
  const only = patients ?? (isOwnData ? heldOut : null);
  const images = ofPatients(items, { only, except: [] }, data);
  if (only === null) return { images, split: 'all images' };
  const isUnseen = isOwnData && only.every((name) => heldOut.includes(name));
  const words = isUnseen ? 'patients never trained on' : 'patients';
  return { images, split: `${words}: ${only.join(', ')}` };
}
