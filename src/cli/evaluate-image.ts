/** Which images of a dataset a model is measured on, and how one of them is segmented and compared. */
import { compare, createComparison, type Comparison } from '../evaluation/comparison.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { Network } from '../segment/network.ts';
import type { Cell } from '../segment/run-progress.ts';
import type { ClassesIn, DatasetItem } from '../training/datasets/dataset.ts';
import { ofPatients, openDataset } from '../training/datasets/open-dataset.ts';
import { planSlide, runOnSlide } from './run-model.ts';

/** Names of patients, or everybody. */
export type PatientsOption = readonly string[] | 'all';

export interface ImageChoice {
  readonly data: string;
  readonly mpp?: number;
  readonly classOfValue?: readonly number[];
  readonly patients?: PatientsOption;
  readonly tissueOnly?: boolean;
}

/** Names separated by commas, or "all". */
export function parsePatients(text: string): PatientsOption {
  return text === 'all' ? 'all' : text.split(',').map((name) => name.trim());
}

/**
 * The images, and a phrase that says which they are. A model's manifest names the patients that it never saw, and what the
 * files of its data leave open; both apply where all of these patients are in the folder, which then holds that data.
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

/**
 * Segments an image and compares it with its ground truth, cell by cell.
 * @param overlap share of a slice in common with its neighbour
 * @returns what was counted, and how many slices could not be read
 * @throws SlideError, AnnotationError, DatasetError, CommandError
 */
export async function evaluateImage(
  item: DatasetItem,
  network: Network,
  overlap: number,
): Promise<{ comparison: Comparison; broken: number }> {
  const { manifest } = network.segmenter;
  const comparison = createComparison(manifest.classes.length);
  const truth = await item.truth();
  const counted = (await item.counted?.()) ?? null;
  const slide = await item.open();
  try {
    const { plan } = await planSlide(slide, manifest, {
      mpp: item.mpp,
      area: { kind: 'slide' },
      overlap,
      glass: null,
    });
    const { broken } = await runOnSlide(slide, network, plan, {
      onCell: (cell) => addCell(comparison, { truth, counted }, cell, slide.metadata),
    });
    return { comparison, broken };
  } finally {
    slide.close();
  }
}

/**
 * Counts the pixels of a cell whose centre is on the slide and that count. Cells do not overlap, so that adding them one
 * by one is the same as comparing the stitched maps, without holding those.
 */
export function addCell(
  comparison: Comparison,
  { truth, counted }: { readonly truth: ClassesIn; readonly counted: ClassesIn | null },
  { rect, size, classes, confidence }: Pick<Cell, 'rect' | 'size' | 'classes' | 'confidence'>,
  slide: { readonly width: number; readonly height: number },
): void {
  const counts = counted === null ? new Uint8Array(size * size).fill(1) : counted(rect, size, size);
  for (let row = 0; row < size; row++) {
    const isBelow = rect.y + ((row + 0.5) * rect.height) / size >= slide.height;
    for (let column = 0; column < size; column++) {
      const isOff = isBelow || rect.x + ((column + 0.5) * rect.width) / size >= slide.width;
      if (isOff) counts[row * size + column] = 0;
    }
  }
  compare(comparison, { truth: truth(rect, size, size), classes, confidence, counted: counts });
}
