/** Chooses the images that a model is measured on; segments an image and compares it with its ground truth. */
import { compare, createComparison, type Comparison } from '../evaluation/comparison.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { Network } from '../segment/network.ts';
import type { Cell } from '../segment/run-progress.ts';
import type { Slide } from '../slide/slide.ts';
import { type ClassesIn, type DatasetItem, knownMpp } from '../training/datasets/dataset.ts';
import { ofPatients, openDataset } from '../training/datasets/open-dataset.ts';
import { isOneOf, isPatient } from '../training/datasets/patient-names.ts';
import { noObjects, type ObjectCounts } from '../evaluation/objects.ts';
import { ObjectMasks } from './evaluate-objects.ts';
import { planSlide, replacedMpp, runOnSlide } from './run-model.ts';
import { warn } from './terminal.ts';

/** Names of patients, or all. */
export type PatientsOption = readonly string[] | 'all';

export interface ImageChoice {
  readonly data: string;
  readonly mpp?: number;
  readonly classOfValue?: readonly number[];
  readonly patients?: PatientsOption;
  readonly tissueOnly?: boolean;
}

/** Comma-separated names, or "all". */
export function parsePatients(text: string): PatientsOption {
  return text === 'all' ? 'all' : text.split(',').map((name) => name.trim());
}

/**
 * Chooses images and describes the choice. If the folder contains all held-out patients of the model's manifest, it is
 * taken for the model's own dataset: the manifest's settings for the data then apply, and by default only held-out
 * patients are measured.
 * @throws DatasetError when the folder is not a dataset, or lacks one of the patients.
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
      warn,
    });
  const found = await open(undefined);
  const heldOut = manifest.dataset?.heldOutPatients ?? [];
  const isOwnData =
    heldOut.length > 0 && heldOut.every((name) => found.some(({ patient }) => isPatient(name, patient)));
  const items = isOwnData ? await open(manifest.dataset) : found;
  if (patients === 'all') {
    return { images: items, split: isOwnData ? 'all patients, including training patients' : 'all images' };
  }
  const only = patients ?? (isOwnData ? heldOut : null);
  const images = ofPatients(items, { only, except: [] }, data);
  if (only === null) return { images, split: 'all images' };
  const areHeldOut = isOwnData && images.every(({ patient }) => isOneOf(heldOut, patient));
  const label = areHeldOut ? 'held-out patients' : 'patients';
  return { images, split: `${label}: ${only.join(', ')}` };
}

/**
 * Segments an image and compares it with its ground truth, cell by cell.
 * @param overlap of neighbouring slices, as a share of their width
 * @param smallestObject µm²; null if objects are not compared
 * @param options `mppGiver`: whose the µm per pixel of the item are, for the sentence that they replace the slide's; `check`:
 *   called with the open slide; throws when the model must not be run on it
 * @returns the comparison, the number of slices that could not be read, the objects if they were compared, distances in µm,
 *   and the sentence of `replacedMpp`
 * @throws SlideError, AnnotationError, DatasetError, CommandError
 */
export async function evaluateImage(
  item: DatasetItem,
  network: Network,
  overlap: number,
  smallestObject: number | null = null,
  options: { readonly mppGiver?: string; readonly check?: (slide: Slide) => Promise<void> } = {},
): Promise<{
  comparison: Comparison;
  broken: number;
  objects: ObjectCounts | null;
  mppNote: string | null;
}> {
  const { manifest } = network.segmenter;
  const comparison = createComparison(manifest.classes.length);
  const truth = await item.truth();
  const counted = (await item.counted?.()) ?? null;
  const slide = await item.open();
  try {
    await options.check?.(slide);
    const mppNote = replacedMpp(slide, item.mpp, options.mppGiver);
    const { plan } = await planSlide(slide, manifest, {
      mpp: item.mpp,
      area: { kind: 'slide' },
      overlap,
      glass: null,
    });
    const masks =
      smallestObject === null
        ? null
        : new ObjectMasks(
            { ...slide.metadata, image: item.image, mpp: knownMpp(slide, item).x },
            manifest.slice.fieldUm / manifest.slice.sizePx,
            manifest.classes.map(({ background }) => !background),
          );
    const { broken } = await runOnSlide(slide, network, plan, {
      onCell: (cell) => {
        addCell(comparison, { truth, counted, masks }, cell, slide.metadata);
      },
    });
    if (masks === null || smallestObject === null) return { comparison, broken, objects: null, mppNote };
    const objects = noObjects();
    masks.addTo(objects, smallestObject);
    return { comparison, broken, objects, mppNote };
  } finally {
    slide.close();
  }
}

/**
 * Adds a cell to the comparison: its counted pixels with their centre on the slide. Cells do not overlap, so this equals
 * comparing the stitched maps, without keeping them in memory.
 */
export function addCell(
  comparison: Comparison,
  {
    truth,
    counted,
    masks = null,
  }: { readonly truth: ClassesIn; readonly counted: ClassesIn | null; readonly masks?: ObjectMasks | null },
  { rect, size, classes, confidence }: Pick<Cell, 'rect' | 'size' | 'classes' | 'confidence'>,
  slide: { readonly width: number; readonly height: number },
): void {
  const counts = counted === null ? new Uint8Array(size * size).fill(1) : counted(rect, size, size);
  for (let row = 0; row < size; row++) {
    const isRowOff = rect.y + ((row + 0.5) * rect.height) / size >= slide.height;
    for (let column = 0; column < size; column++) {
      const isOff = isRowOff || rect.x + ((column + 0.5) * rect.width) / size >= slide.width;
      if (isOff) counts[row * size + column] = 0;
    }
  }
  const trueClasses = truth(rect, size, size);
  compare(comparison, { truth: trueClasses, classes, confidence, counted: counts });
  masks?.add({ rect, size, classes }, trueClasses, counts);
}
