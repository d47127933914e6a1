/** The training of one row of the study on one fold. */
import type { TrainingConfig } from '../training-config.ts';
import { drawnGlass, type StudyRecipe } from './study-recipe.ts';
import type { StudyRow } from './study-rows.ts';
import type { Study } from './studies.ts';

export interface StudyFold {
  /** 1 upwards. */
  readonly number: number;
  /** Measured on, never trained on. */
  readonly patients: readonly string[];
}

/** Patients that are named in words; more are counted. */
const NAMED = 8;

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
  return patients.length <= NAMED
    ? `patients ${patients.join(', ')}`
    : `${String(patients.length)} patients (fold ${String(number)})`;
}
