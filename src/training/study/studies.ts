/** The sets of images that the study is done on (docs/study.md). */
import { parse } from 'csv-parse/sync';

export interface Study {
  readonly id: string;
  /** What the tables call it. */
  readonly title: string;
  /** Whose images the folds' patients are of, in the words of a model's card. */
  readonly measuredOn: string;
  readonly foldCount: number;
  /**
   * The patients of each fold, who are measured on and never trained on with it.
   * @param index text of the data's `index.csv`
   * @throws RangeError when the index names no fold for a patient, or not as many folds as there must be
   */
  readonly foldsOf: (index: string) => readonly (readonly string[])[];
  /** µm per pixel; the images don't say it. */
  readonly mpp: number;
  /** Models are called `${modelId}-${row}`, and by this title with the row's. */
  readonly modelId: string;
  readonly modelTitle: string;
  /** What a model's card says of its data. */
  readonly data: string;
  readonly licence: string;
  readonly intendedUse: string;
  /** Whether pixels of the images may stand in reports that are passed on. */
  readonly shareable: boolean;
}

/**
 * Test patients of each fold. Every patient of GlaS is tested once; each fold has patients with healthy, adenomatous and
 * malignant glands.
 */
const GLAS_FOLDS: readonly (readonly string[])[] = [
  ['9', '5', '7'],
  ['10', '1', '6', '8'],
  ['13', '4', '11', '16', '12', '14'],
  ['15', '3', '2'],
];

const glas: Study = {
  id: 'glas',
  title: 'GlaS',
  measuredOn: 'GlaS',
  foldCount: GLAS_FOLDS.length,
  foldsOf: () => GLAS_FOLDS,
  mpp: 0.62005,
  modelId: 'colon-glas',
  modelTitle: 'Colon GlaS',
  data: 'GlaS (MICCAI 2015; Sirinukunwattana et al. 2017): 165 images of colon, H&E, 16 patients',
  licence: 'GlaS: research use only, no commercial use',
  intendedUse:
    'Research on glands of the colon in H&E at about 1.3 µm/px. It knows colon, not breast or any other organ, from 16 patients of one scanner. Not for diagnosis, not for commercial use.',
  shareable: false,
};

/**
 * µm per pixel of EBHI-Seg, which does not say it. Assumed: closed glands of normal mucosa have a median diameter of 63.5 pixels in its
 * masks (254 glands), healthy glands of GlaS, whose pixels are known, one of 71.8 µm (303 glands).
 */
export const EBHI_MPP = 1.13;
const EBHI_FOLDS = 5;

/** Mosaics of tiles of one patient and class, made by studies/ebhi-mosaics.ts. */
const ebhi: Study = {
  id: 'ebhi',
  title: 'EBHI-Seg mosaics',
  measuredOn: 'EBHI-Seg mosaics',
  foldCount: EBHI_FOLDS,
  foldsOf: (index) => foldsInIndex(index, EBHI_FOLDS),
  mpp: EBHI_MPP,
  modelId: 'colon-ebhi',
  modelTitle: 'Colon EBHI',
  data: 'EBHI-Seg (Shi et al. 2023): 2,226 tiles of colon, H&E, 365 patients, as mosaics of four tiles of one patient and class; benign polyps count as healthy, size of a pixel assumed (1.13 µm)',
  licence: 'CC BY 4.0 (EBHI-Seg, Shi et al. 2023)',
  intendedUse:
    'Research on biopsies of the colon in H&E at about 1.3 µm/px. It knows colon, not breast or any other organ, from tiles of one set of images. Not for diagnosis.',
  shareable: true,
};

/** GlaS and mosaics together, made by studies/colon-images.ts: all at GlaS's µm per pixel, measured on GlaS. */
const both: Study = {
  ...glas,
  id: 'both',
  title: 'GlaS and EBHI-Seg, measured on GlaS',
  modelId: 'colon-both',
  modelTitle: 'Colon GlaS and EBHI',
  data: `${glas.data}; and EBHI-Seg (Shi et al. 2023, CC BY 4.0): 346 mosaics of tiles of colon, H&E, of 292 patients, benign polyps as healthy, size of a pixel assumed`,
  licence: `${glas.licence}; EBHI-Seg: CC BY 4.0`,
  intendedUse:
    'Research on glands of the colon in H&E at about 1.3 µm/px. It knows colon, not breast or any other organ, from two sets of images. Not for diagnosis, not for commercial use.',
};

export const studies: readonly Study[] = [glas, ebhi, both];

/** Folds by the columns `patient` and `fold` (from 0) of an index. */
function foldsInIndex(index: string, count: number): string[][] {
  const rows = parse(index, {
    columns: true,
    skip_empty_lines: true,
    trim: true,
    bom: true,
  }) as unknown as Record<string, string | undefined>[];
  const folds = Array.from({ length: count }, () => new Set<string>());
  for (const { patient, fold } of rows) {
    const of = fold === undefined || fold === '' ? undefined : folds[Number(fold)];
    if (patient === undefined || of === undefined) {
      throw new RangeError(
        `index.csv names no fold from 0 to ${String(count - 1)} for patient "${patient ?? ''}".`,
      );
    }
    of.add(patient);
  }
  if (folds.some(({ size }) => size === 0)) throw new RangeError('index.csv leaves a fold without patients.');
  return folds.map((patients) => [...patients]);
}
