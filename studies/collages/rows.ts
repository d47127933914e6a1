/** The rows of the study on collages: networks that differ in their second input alone, trained by one recipe. */
import type { Preset } from '../../src/model/presets.ts';
import { studyClasses } from '../../src/training/study/study-config.ts';
import {
  configuredPreset,
  trainingConfigSchema,
  type TrainingConfig,
} from '../../src/training/training-config.ts';
import { COLLAGES, CONTEXT_PX, CONTEXT_UM, SLICE_PX, SLICE_UM } from './sampler.ts';

export interface CollageRow {
  readonly id: string;
  readonly title: string;
  readonly preset: string;
  /** Share of training samples without their context. */
  readonly contextDropout?: number;
}

/** In the order in which they are trained: what says most comes first. */
export const COLLAGE_ROWS: readonly CollageRow[] = [
  { id: 'none', title: 'one input', preset: 'nano-single' },
  { id: 'attention', title: 'attention', preset: 'nano-attention' },
  { id: 'aligned', title: 'aligned (ours)', preset: 'nano-aligned' },
  {
    id: 'cross-attention-dropout',
    title: 'cross-attention (ours), context dropout',
    preset: 'nano-cross-attention',
    contextDropout: 0.2,
  },
  { id: 'concat', title: 'concat', preset: 'nano-concat' },
  { id: 'cross-attention', title: 'cross-attention (ours)', preset: 'nano-cross-attention' },
  { id: 'add', title: 'add', preset: 'nano-add' },
  { id: 'same', title: 'same field twice', preset: 'nano-multisize' },
];

export const COLLAGE_SEEDS = [1, 2, 3] as const;

export function collageConfig(row: CollageRow, seed: number, steps: number): TrainingConfig {
  const sizes = {
    slicePx: SLICE_PX,
    sliceFieldUm: SLICE_UM,
    contextPx: CONTEXT_PX,
    contextFieldUm: CONTEXT_UM,
  };
  return trainingConfigSchema.parse({
    preset: row.preset,
    id: `collages-${row.id}`,
    title: `Collages: ${row.title}`,
    description: 'A row of the study on collages.',
    geometry: sizes,
    augmentation: { scale: [1, 1], stain: 0.1 },
    seed,
    steps,
    batch: 16,
    sampling: [1, 1, 1, 1],
    contextLoss: 1,
    ...(row.contextDropout === undefined ? {} : { contextDropout: row.contextDropout }),
    batchNorm: 'batch',
    optimiser: { learningRate: 0.003, warmup: 50, weightDecay: 0.01 },
    validation: { patients: ['EBHI-Seg, fold 4 by case'], every: 500 },
    classes: studyClasses,
    provenance: {
      data: `collages of tiles of EBHI-Seg (Shi et al. 2023): real pixels, synthetic arrangement, ${String(COLLAGES)} fields`,
      synthetic: true,
      dataLicence: 'CC BY 4.0 (EBHI-Seg, Shi et al. 2023)',
      licence: 'CC BY 4.0 (EBHI-Seg, Shi et al. 2023)',
      split: 'by case: folds 0, 2 and 3 trained on, 4 for validation, 1 measured',
      intendedUse: 'A study of wide context. Not for any other use.',
    },
  });
}

export function collagePreset(config: TrainingConfig): Preset {
  return configuredPreset(config);
}
