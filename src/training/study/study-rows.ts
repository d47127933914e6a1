/**
 * The study on real tissue: the rows of the paper's two tables as compact networks, one recipe, folds by patient, on
 * GlaS (docs/study.md). A row differs from the others in its network alone.
 */
import type { TrainingConfig } from '../training-config.ts';

export interface StudyRow {
  readonly id: string;
  readonly preset: string;
  /** What the tables call it. */
  readonly title: string;
  readonly description: string;
  /** The paper's tables that it stands in: 1 compares inputs, 2 fusions. */
  readonly tables: readonly (1 | 2)[];
  /** "Params" of the paper's row with ResNet-50: size of its checkpoint, MB (DESIGN 3); null where it has none. */
  readonly paperMB: number | null;
}

export const studyRows: readonly StudyRow[] = [
  row('unet', 'U-Net', 'U-Net: reads each slice alone, trained from scratch.', [1], null),
  row('single', 'RefineNet, one input', 'Reads each slice alone.', [1], 334),
  row(
    'multisize',
    'Multi-size dual inputs',
    'Reads each slice twice, the second time at half the size; no wider field.',
    [1],
    null,
  ),
  row('add', 'Dual inputs, add', 'Reads each slice with its wide context; features are added.', [1, 2], 441),
  row(
    'concat',
    'Dual inputs, concat',
    'Reads each slice with its wide context; features are joined.',
    [2],
    null,
  ),
  row(
    'attention',
    'Dual inputs, attention',
    'Reads each slice with its wide context, which weighs the channels of the slice.',
    [2],
    null,
  ),
  row(
    'aligned',
    'Dual inputs, aligned (ours)',
    'Reads each slice with its wide context, registered to the slice, and weighs what the context says at that place.',
    [2],
    null,
  ),
];

/**
 * Test patients of each fold. Every patient of GlaS is tested once; each fold has patients with healthy, adenomatous and
 * malignant glands.
 */
export const studyFolds: readonly (readonly string[])[] = [
  ['9', '5', '7'],
  ['10', '1', '6', '8'],
  ['13', '4', '11', '16', '12', '14'],
  ['15', '3', '2'],
];

/** Steps of a run: a pass of all rows over all folds then takes about five hours on two cores. */
export const STUDY_STEPS = 300;

/** µm per pixel of GlaS, whose files do not say it. */
const GLAS_MPP = 0.62005;

/** How runs are trained: what may differ from one pass of the rows to the next, never between the rows of one. */
export interface StudyRecipe {
  readonly steps: number;
  /** Share of samples that get glass (../glass.ts), 0 to 1: none in the study, some in models that are to see whole slides. */
  readonly glass: number;
}

/**
 * The configuration of one run.
 * @param fold 1 to 4
 * @throws RangeError when there is no such fold.
 */
export function studyConfig(
  row: StudyRow,
  fold: number,
  seed: number,
  { steps, glass }: StudyRecipe,
): TrainingConfig {
  const heldOutPatients = studyFolds[fold - 1];
  if (heldOutPatients === undefined) {
    throw new RangeError(`There is no fold ${String(fold)}; folds are 1 to ${String(studyFolds.length)}.`);
  }
  const isUnet = row.id === 'unet';
  const licence = 'GlaS: research use only, no commercial use';
  return {
    preset: row.preset,
    id: `colon-${row.id}`,
    title: `Colon: ${row.title}`,
    description: row.description,
    // 128 pixels of 1.27 µm; three slices across the region, which holds the whole of an image.
    geometry: { slicePx: 128, sliceFieldUm: 162, contextPx: 128, contextFieldUm: 486 },
    regions: 'lattice',
    augmentation: { scale: [0.8, 1.2], stain: 0.1, ...(glass === 0 ? {} : { glass }) },
    ...(isUnet ? {} : { encoderWeights: 'resnet18-imagenet' }),
    seed,
    steps,
    batch: 8,
    sampling: [1, 1, 1, 1],
    contextLoss: 1,
    batchNorm: isUnet ? 'batch' : 'frozen',
    optimiser: { learningRate: 0.001, encoderRate: 0.3, warmup: 20, weightDecay: 0.01 },
    classes: [
      { name: 'not gland', colour: '#999999', background: true },
      { name: 'healthy', colour: '#009E73', background: false },
      { name: 'adenomatous', colour: '#F0E442', background: false },
      { name: 'malignant', colour: '#0072B2', background: false },
    ],
    data: { mpp: GLAS_MPP, shareable: false, heldOutPatients: [...heldOutPatients] },
    provenance: {
      data: `GlaS (MICCAI 2015; Sirinukunwattana et al. 2017): 165 images of colon, H&E, 16 patients${drawnGlass(glass)}`,
      synthetic: false,
      specimen: { organ: 'colon', stain: 'H&E' },
      dataLicence: licence,
      licence,
      split: `by patient: measured on patients ${heldOutPatients.join(', ')}, trained on all others`,
      intendedUse:
        'Research on glands of the colon in H&E at about 1.3 µm/px. It knows colon, not breast or any other organ, from 16 patients of one scanner. Not for diagnosis, not for commercial use.',
    },
  };
}

/** Words for it, empty for none. */
export function drawnGlass(share: number): string {
  return share === 0 ? '' : `; glass drawn into ${String(Math.round(share * 100))} % of the samples`;
}

function row(
  id: string,
  title: string,
  description: string,
  tables: readonly (1 | 2)[],
  paperMB: number | null,
): StudyRow {
  return { id, preset: `compact-${id}`, title, description, tables, paperMB };
}
