/**
 * What a run of the study trains: the rows of the paper's two tables as compact networks, with one recipe for
 * all (docs/study.md). Rows differ only in their networks.
 */
import type { TrainingConfig } from '../training-config.ts';
import type { Study } from './studies.ts';

export interface StudyFold {
  /** From 1. */
  readonly number: number;
  /** Held out and measured on. */
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
    // 128 pixels of 1.27 µm; the region is three slices wide and contains the whole image.
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
      data: `${study.data}${glassPhrase(glass)}`,
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

/** The held-out patients of a fold, for people. */
export function patientsInWords({ number, patients }: StudyFold): string {
  return patients.length <= maxListed
    ? `patients ${patients.join(', ')}`
    : `${String(patients.length)} patients (fold ${String(number)})`;
}

/** What all rows of a pass share and passes may vary. */
export interface StudyRecipe {
  readonly steps: number;
  /** Peak learning rate of AdamW; encoders use 0.3 of it. */
  readonly learningRate: number;
  /**
   * Share of samples that get synthetic glass (../glass.ts), 0 to 1, so that the network recognises it on
   * whole slides.
   */
  readonly glass: number;
}

/** The default. A pass of all rows over the four folds of GlaS takes about three hours on two cores. */
export const studyRecipe: StudyRecipe = { steps: 300, learningRate: 0.0005, glass: 0.15 };

/** The recipe's name in paths. */
export function recipeId({ steps, learningRate, glass }: StudyRecipe): string {
  return `${String(steps)}-steps-rate-${String(learningRate)}-glass-${String(glass)}`;
}

/** A phrase about synthetic glass to append; empty without any. */
export function glassPhrase(share: number): string {
  return share === 0 ? '' : `; synthetic glass in ${String(Math.round(share * 100))} % of the samples`;
}

/** A row of the paper's tables. */
export interface StudyRow {
  readonly id: string;
  readonly preset: string;
  /** Name in the tables. */
  readonly title: string;
  readonly description: string;
  /** The paper's tables that contain it: 1 compares inputs, 2 fusions. */
  readonly tables: readonly (1 | 2)[];
  /** "Params" in the paper's row with ResNet-50: checkpoint size in MB (DESIGN 3); null if it has none. */
  readonly paperMB: number | null;
}

export const studyRows: readonly StudyRow[] = [
  row('unet', 'U-Net', 'U-Net: reads each slice alone, trained from scratch.', [1], null),
  row('single', 'RefineNet, one input', 'Reads each slice alone.', [1], 334),
  row(
    'multisize',
    'Multi-size dual inputs',
    'Reads each slice at two sizes, without a wider field.',
    [1],
    null,
  ),
  row(
    'add',
    'Dual inputs, add',
    'Reads each slice with its wide context and adds their features.',
    [1, 2],
    441,
  ),
  row(
    'concat',
    'Dual inputs, concat',
    'Reads each slice with its wide context and concatenates their features.',
    [2],
    null,
  ),
  row(
    'attention',
    'Dual inputs, attention',
    'Reads each slice with its wide context, which weights the channels of the slice.',
    [2],
    null,
  ),
  row(
    'aligned',
    'Dual inputs, aligned (ours)',
    'Reads each slice with its wide context, registered to the slice, and weights the context features at each position.',
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
