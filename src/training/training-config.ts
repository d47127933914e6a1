/** The configuration of a training run: a JSON file, validated when it is read, and the preset that it trains. */
import { z } from 'zod';
import { type Preset, presetById } from '../model/presets.ts';

const share = z.number().positive();

/** AdamW with a linear rise and a cosine down, or SGD with momentum in stages, as the RefineNet authors train. */
const optimiserSchema = z.union([
  z.strictObject({
    kind: z.literal('adamw').optional(),
    learningRate: z.number().positive(),
    /** Rate of the encoders relative to the decoder's; 1 when absent. Pretrained weights want less. */
    encoderRate: z.number().nonnegative().optional(),
    /** Steps of linear rise at the start; then a cosine down to a hundredth. */
    warmup: z.number().int().nonnegative(),
    weightDecay: z.number().nonnegative(),
  }),
  z.strictObject({
    kind: z.literal('sgd'),
    momentum: z.number().min(0).max(0.9999),
    weightDecay: z.number().nonnegative(),
    /** One after another; the last one lasts to the end. */
    stages: z
      .array(
        z.strictObject({
          steps: z.number().int().positive(),
          encoderRate: z.number().nonnegative(),
          decoderRate: z.number().nonnegative(),
        }),
      )
      .min(1),
  }),
]);

const configSchema = z.strictObject({
  /** Name of the preset in src/model/presets.ts. */
  preset: z.string(),
  /** Sizes other than the preset's own. */
  geometry: z
    .strictObject({
      slicePx: z.number().int().positive(),
      sliceFieldUm: z.number().positive(),
      /** Of no consequence for presets without a context. */
      contextPx: z.number().int().positive().optional(),
      contextFieldUm: z.number().positive().optional(),
    })
    .optional(),
  /** Where training regions lie (src/training/context-reader.ts); anywhere when absent. */
  regions: z.enum(['anywhere', 'lattice']).optional(),
  /** Where training slices lie (src/training/slice-place.ts); anywhere round a drawn pixel when absent. */
  slices: z.enum(['anywhere', 'half-steps']).optional(),
  /** Changes of scale and stain, and glass (src/training/augmentation.ts); symmetries and slight colour changes are always drawn. */
  augmentation: z
    .strictObject({
      scale: z.tuple([share, share]),
      stain: z.number().min(0).max(1),
      /** Share of samples that get glass, for data without any. */
      glass: z.number().min(0).max(1).optional(),
    })
    .optional(),
  /** Folder of ImageNet weights for every encoder, below the command's --weights. */
  encoderWeights: z
    .string()
    .regex(/^[\w.-]+$/)
    .optional(),
  /** Folder of the model that training starts from, below the command's --models: one of the same preset, its batch norms frozen. */
  startModel: z
    .string()
    .regex(/^[\w.-]+$/)
    .optional(),
  /** Id and title of the exported model. */
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string(),
  description: z.string(),
  seed: z.number().int(),
  steps: z.number().int().positive(),
  batch: z.number().int().positive(),
  /** Parts that a batch is computed in, one after another, to need less memory; 1 when absent. */
  accumulate: z.number().int().positive().optional(),
  /** How often a slice is drawn round a pixel of each class, relative to the others. */
  sampling: z.array(z.number().nonnegative()).min(2),
  /**
   * Weight of the context's own loss: every stage of the context path must tell the classes of the context
   * by itself. It teaches the second encoder directly; the heads it needs are not exported. 0 is off.
   */
  contextLoss: z.number().nonnegative(),
  /**
   * What a context pixel of each class counts in that loss; all 1 when absent. Contexts are mostly
   * background: weights near the inverse of the classes' shares let the context encoder find the rare
   * classes in half the steps (docs/fusion-study.md).
   */
  contextClassWeights: z.array(z.number().positive()).min(2).optional(),
  /** What a pixel of each class counts in the slice's loss; all 1 when absent. */
  classWeights: z.array(z.number().positive()).min(2).optional(),
  /** Weight of the soft Dice loss beside the cross-entropy; 0 when absent. */
  dice: z.number().nonnegative().optional(),
  /** `batch` while training from scratch; `frozen` keeps the statistics of pretrained weights. */
  batchNorm: z.enum(['batch', 'frozen']),
  optimiser: optimiserSchema,
  /** Chooses the checkpoint: the one of the highest mIoU on patients that are not trained on. */
  validation: z
    .strictObject({ patients: z.array(z.string()).min(1), every: z.number().int().positive() })
    .optional(),
  classes: z.array(z.strictObject({ name: z.string(), colour: z.string(), background: z.boolean() })).min(2),
  /** What the folder of data does not say itself. */
  data: z
    .strictObject({
      /** µm per pixel of the images; what they say themselves when absent. */
      mpp: z.number().positive().optional(),
      /** The class of each value of the index masks; values are classes when absent. */
      classOfValue: z.array(z.number().int().nonnegative()).optional(),
      /** Leaves glass out of annotated slides: it is neither drawn nor trained on. */
      tissueOnly: z.boolean().optional(),
      /** false where images may not be passed on: none of their pixels go into the exported model. True when absent. */
      shareable: z.boolean().optional(),
      /** Patients kept for measuring: never trained on, the only ones that `evaluate` looks at. */
      heldOutPatients: z.array(z.string()).optional(),
    })
    .optional(),
  /** What the exported model says of its data. */
  provenance: z.strictObject({
    data: z.string(),
    synthetic: z.boolean(),
    /** As in the manifest: `specimen`. */
    specimen: z.strictObject({ organ: z.string(), stain: z.string() }).optional(),
    dataLicence: z.string(),
    licence: z.string(),
    split: z.string(),
    intendedUse: z.string(),
  }),
});

/** Also checks that what is said class by class is said of every class. */
export const trainingConfigSchema = configSchema.superRefine((config, context) => {
  const count = config.classes.length;
  for (const field of ['sampling', 'classWeights', 'contextClassWeights'] as const) {
    const values = config[field];
    if (values === undefined || values.length === count) continue;
    const message = `${String(values.length)} values for ${String(count)} classes`;
    context.addIssue({ code: 'custom', path: [field], message });
  }
});

export type TrainingConfig = z.infer<typeof trainingConfigSchema>;

/** A configuration that cannot be trained. Crosses threads as a report (src/base/error-report.ts). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'training-config';
  readonly file = '';
  readonly problem: string;
  readonly remedy: string;

  /** @param remedy what to change, a sentence */
  constructor(problem: string, remedy: string) {
    super(`${problem} ${remedy}`);
    this.problem = problem;
    this.remedy = remedy;
  }
}

/**
 * Kind `same` keeps the slice's field and reads it at half the size; others take the context's size and field of the
 * configuration.
 * @throws Error when there is no such preset.
 */
export function configuredPreset({
  preset: id,
  geometry,
  classes,
}: Pick<TrainingConfig, 'preset' | 'geometry' | 'classes'>): Preset {
  const named = presetById(id);
  const preset = { ...named, network: { ...named.network, classes: classes.length } };
  if (geometry === undefined) return preset;
  const { slicePx, sliceFieldUm, contextPx = slicePx, contextFieldUm } = geometry;
  const slice = { slicePx, sliceFieldUm };
  if (preset.contextKind === 'none') return { ...preset, ...slice };
  if (preset.contextKind === 'same') {
    return { ...preset, ...slice, contextPx: slicePx / 2, contextFieldUm: sliceFieldUm };
  }
  return { ...preset, ...slice, contextPx, contextFieldUm: contextFieldUm ?? preset.contextFieldUm };
}
