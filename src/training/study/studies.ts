/** The datasets of the study (docs/study.md). */
import { readCsv } from '../../base/read-csv.ts';

export interface Study {
  readonly id: string;
  /** Name in the tables. */
  readonly title: string;
  /** Name of the dataset of the folds' patients, for model cards. */
  readonly measuredOn: string;
  readonly foldCount: number;
  /**
   * The patients of each fold: held out and measured on.
   * @param index text of the dataset's `index.csv`
   * @throws RangeError when a patient has no valid fold in the index, or a fold has no patients
   */
  readonly foldsOf: (index: string) => readonly (readonly string[])[];
  /** µm per pixel; not stored in the images. */
  readonly mpp: number;
  /** Prefixes of a model's id and title; the row's follow. */
  readonly modelId: string;
  readonly modelTitle: string;
  /** Description of the data for model cards. */
  readonly data: string;
  readonly licence: string;
  readonly intendedUse: string;
  /** Whether pixels of the images may be shared, in reports and models. */
  readonly shareable: boolean;
}

/**
 * Test patients of each fold. Every GlaS patient is tested once, and each fold has patients with healthy,
 * adenomatous and malignant glands.
 */
const glasFolds: readonly (readonly string[])[] = [
  ['9', '5', '7'],
  ['10', '1', '6', '8'],
  ['13', '4', '11', '16', '12', '14'],
  ['15', '3', '2'],
];

const glas: Study = {
  id: 'glas',
  title: 'GlaS',
  measuredOn: 'GlaS',
  foldCount: glasFolds.length,
  foldsOf: () => glasFolds,
  mpp: 0.62005,
  modelId: 'colon-glas',
  modelTitle: 'Colon GlaS',
  data: 'GlaS (MICCAI 2015; Sirinukunwattana et al. 2017): 165 images of colon, H&E, 16 patients',
  licence: 'GlaS: research use only, no commercial use',
  intendedUse:
    'Research on colon glands in H&E at about 1.3 µm/px. Trained on colon only, on 16 patients and one scanner. Not for diagnosis, not for commercial use.',
  shareable: false,
};

/**
 * Assumed µm per pixel of EBHI-Seg, which does not state it: closed glands of normal mucosa have a median
 * diameter of 63.5 pixels in its masks (254 glands); healthy glands of GlaS, whose pixel size is known, have
 * one of 71.8 µm (303 glands).
 */
export const ebhiMpp = 1.13;
const ebhiFolds = 5;

/** Mosaics of tiles of one patient and class, made by studies/ebhi-mosaics.ts. */
const ebhi: Study = {
  id: 'ebhi',
  title: 'EBHI-Seg mosaics',
  measuredOn: 'EBHI-Seg mosaics',
  foldCount: ebhiFolds,
  foldsOf: (index) => foldsInIndex(index, ebhiFolds),
  mpp: ebhiMpp,
  modelId: 'colon-ebhi',
  modelTitle: 'Colon EBHI',
  data: 'EBHI-Seg (Shi et al. 2023): 2,226 tiles of colon, H&E, 340 cases, as mosaics of four tiles of one patient and class; polyps count as healthy, serrated adenomas as adenomatous, high-grade neoplasia is left out; pixel size assumed (1.13 µm)',
  licence: 'CC BY 4.0 (EBHI-Seg, Shi et al. 2023)',
  intendedUse:
    'Research on colon biopsies in H&E at about 1.3 µm/px. Trained on colon only, on tiles of one dataset. Not for diagnosis.',
  shareable: true,
};

/** GlaS and mosaics together, made by studies/colon-images.ts: all at GlaS's µm per pixel, measured on GlaS. */
const both: Study = {
  ...glas,
  id: 'both',
  title: 'GlaS and EBHI-Seg, measured on GlaS',
  modelId: 'colon-both',
  modelTitle: 'Colon GlaS and EBHI',
  data: `${glas.data}; and EBHI-Seg (Shi et al. 2023, CC BY 4.0): mosaics of tiles of colon, H&E, polyps as healthy, serrated adenomas as adenomatous, without high-grade neoplasia, pixel size assumed`,
  licence: `${glas.licence}; EBHI-Seg: CC BY 4.0`,
  intendedUse:
    'Research on colon glands in H&E at about 1.3 µm/px. Trained on colon only, on two datasets. Not for diagnosis, not for commercial use.',
};

export const studies: readonly Study[] = [glas, ebhi, both];

/** Folds by the columns `patient` and `fold` (from 0) of an index. */
function foldsInIndex(index: string, count: number): string[][] {
  const rows = readCsv(index);
  const folds = Array.from({ length: count }, () => new Set<string>());
  for (const { patient, fold } of rows) {
    const of = fold === undefined || fold === '' ? undefined : folds[Number(fold)];
    if (patient === undefined || of === undefined) {
      throw new RangeError(
        `The fold of patient "${patient ?? ''}" is missing or not from 0 to ${String(count - 1)}.`,
      );
    }
    of.add(patient);
  }
  if (folds.some(({ size }) => size === 0)) throw new RangeError('A fold has no patients.');
  return folds.map((patients) => [...patients]);
}
