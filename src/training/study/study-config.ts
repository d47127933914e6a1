/**
 * What a run of the study trains: the rows of the paper's two tables as compact networks, and one recipe for all of them
 * (docs/study.md). Rows differ in nothing but the network.
 */
import type { TrainingConfig } from '../training-config.ts';
import type { Study } from './studies.ts';

export interface StudyFold {
  /** 1 upwards. */
  readonly number: number;
  /** Measured on, never trained on. */
  readonly patients: readonly string[];
}

/** Up to this many patients are listed; more are only counted. */
const maxListed = 8;

/** The configuration of one run. */
export function studyConfig(
  study: Study,
  row: StudyRow,
  fold: StudyFold,
  seed: number,
  { steps, learningRate, glass }: StudyRecipe,
): TrainingConfig {
  const isUnet = row.id === 'unet';
  return {
    preset: row.preset,
    id: `${study.modelId}-${row.id}`,
    title: `${study.modelTitle}: ${row.title}`,
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
    optimiser: { learningRate, encoderRate: 0.3, warmup: 20, weightDecay: 0.01 },
    classes: studyClasses,
    data: { mpp: study.mpp, shareable: study.shareable, heldOutPatients: [...fold.patients] },
    provenance: {
      data: `${study.data}${drawnGlass(glass)}`,
      synthetic: false,
      specimen: { organ: 'colon', stain: 'H&E' },
      dataLicence: study.licence,
      licence: study.licence,
      split: `by patient: measured on ${patientsInWords(fold)}, trained on all others`,
      intendedUse: study.intendedUse,
    },
  };
}

/** Background first. */
export const studyClasses: TrainingConfig['classes'] = [
  { name: 'not gland', colour: '#999999', background: true },
  { name: 'healthy', colour: '#009E73', background: false },
  { name: 'adenomatous', colour: '#F0E442', background: false },
  { name: 'malignant', colour: '#0072B2', background: false },
];

/** Whom a fold measures on. */
export function patientsInWords({ number, patients }: StudyFold): string {
  return patients.length <= maxListed
    ? `patients ${patients.join(', ')}`
    : `${String(patients.length)} patients (fold ${String(number)})`;
}

export interface StudyRecipe {
  readonly steps: number;
  /** Highest learning rate of AdamW; encoders learn at 0.3 of it. */
  readonly learningRate: number;
  /** Share of samples that get glass (../glass.ts), 0 to 1, so that the network knows it from whole slides. */
  readonly glass: number;
}

/** A pass of all rows over the four folds of GlaS takes about three hours on two cores. */
export const studyRecipe: StudyRecipe = { steps: 300, learningRate: 0.0005, glass: 0.15 };

/** Names the recipe in paths. */
export function recipeId({ steps, learningRate, glass }: StudyRecipe): string {
  return `${String(steps)}-steps-rate-${String(learningRate)}-glass-${String(glass)}`;
}

/** Words for drawn glass, empty for none. */
export function drawnGlass(share: number): string {
  return share === 0 ? '' : `; glass drawn into ${String(Math.round(share * 100))} % of the samples`;
}

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

function row(
  id: string,
  title: string,
  description: string,
  tables: readonly (1 | 2)[],
  paperMB: number | null,
): StudyRow {
  return { id, preset: `compact-${id}`, title, description, tables, paperMB };
}
