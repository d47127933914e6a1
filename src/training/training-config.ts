/**
 * The configuration of a training run: a JSON file, validated when it is read, and the preset that it trains.
 */
import { z } from 'zod';
import { type Preset, presetById } from '../model/presets.ts';
import { weightTypes } from '../runtime/manifest.ts';

const share = z.number().positive();

/**
 * AdamW with linear warm-up and cosine decay, or SGD with momentum in stages as the RefineNet authors use it.
 */
const optimiserSchema = z.union([
  z.strictObject({
    kind: z.literal('adamw').optional(),
    learningRate: z.number().positive(),
    /**
     * Learning rate of the encoders relative to the decoder's, 1 by default. Pretrained weights need less.
     */
    encoderRate: z.number().nonnegative().optional(),
    /** Steps of linear warm-up, followed by a cosine decay to 1 % of the rate. */
    warmup: z.number().int().nonnegative(),
    weightDecay: z.number().nonnegative(),
  }),
  z.strictObject({
    kind: z.literal('sgd'),
    momentum: z.number().min(0).max(0.9999),
    weightDecay: z.number().nonnegative(),
    /** In order. The last stage continues to the end of the run. */
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
  /** Overrides the preset's sizes. */
  geometry: z
    .strictObject({
      slicePx: z.number().int().positive(),
      sliceFieldUm: z.number().positive(),
      /** Ignored for presets without a context. */
      contextPx: z.number().int().positive().optional(),
      contextFieldUm: z.number().positive().optional(),
    })
    .optional(),
  /** Position of training regions (src/training/placement.ts); `anywhere` by default. */
  regions: z.enum(['anywhere', 'lattice']).optional(),
  /** Position of training slices (src/training/placement.ts); `anywhere` by default. */
  slices: z.enum(['anywhere', 'half-steps']).optional(),
  /**
   * Changes of scale, stain and glass (src/training/augmentation.ts). Symmetries and slight colour changes
   * are always drawn.
   */
  augmentation: z
    .strictObject({
      scale: z.tuple([share, share]),
      stain: z.number().min(0).max(1),
      /** Share of samples that get synthetic glass, for data without any. */
      glass: z.number().min(0).max(1).optional(),
      /** Share of samples that get fat, a pen stroke, a fold or lost focus, for data of clean images. */
      artefacts: z.number().min(0).max(1).optional(),
    })
    .optional(),
  /** Folder of ImageNet weights for all encoders, inside the folder of --weights. */
  encoderWeights: z
    .string()
    .regex(/^[\w.-]+$/)
    .optional(),
  /**
   * Folder of the model to fine-tune, inside the folder of --models. It must have the same preset; batch
   * norms stay frozen.
   */
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
  /** Number of parts in which a batch is computed, to save memory; 1 by default. */
  accumulate: z.number().int().positive().optional(),
  /** Relative frequency with which slices are drawn around pixels of each class. */
  sampling: z.array(z.number().nonnegative()).min(2),
  /**
   * Weight of the auxiliary context loss: each stage of the context path must predict the classes of the
   * context. It trains the second encoder directly; its heads are not exported. 0 disables it.
   */
  contextLoss: z.number().nonnegative(),
  /**
   * Weight of a context pixel of each class in that loss; 1 by default. Contexts are mostly background: with
   * weights near the inverse class frequencies, the context encoder learns the rare classes in half the steps
   * (docs/fusion-study.md).
   */
  contextClassWeights: z.array(z.number().positive()).min(2).optional(),
  /**
   * Share of the samples without their context (src/training/context-dropout.ts), none by default. The model then also
   * works where its context is left out (`segment --without-context`).
   */
  contextDropout: z.number().positive().max(1).optional(),
  /** Weight of a pixel of each class in the slice's loss; 1 by default. */
  classWeights: z.array(z.number().positive()).min(2).optional(),
  /** Weight of the soft Dice loss that is added to the cross-entropy; 0 by default. */
  dice: z.number().nonnegative().optional(),
  /** Storage of the exported model's kernels; half precision by default. Eight bits halve the download. */
  weightType: z.enum(weightTypes).optional(),
  /** `batch` for training from scratch; `frozen` keeps the statistics of pretrained weights. */
  batchNorm: z.enum(['batch', 'frozen']),
  optimiser: optimiserSchema,
  /**
   * Keeps the encoders' weights as they are; only decoder and fusion train. `stages-1-to-3` keeps all but the last stage,
   * for ImageNet weights that lack it. False by default.
   */
  freezeEncoders: z.union([z.boolean(), z.literal('stages-1-to-3')]).optional(),
  /**
   * With frozen encoders and frozen batch norms, training uses a fixed set of crops, each in several symmetries, whose
   * features are computed once and kept in the run's folder (src/training/feature-plan.ts). false draws new crops
   * all the time and runs the encoders on them.
   */
  featureCache: z
    .union([
      z.literal(false),
      z.strictObject({
        /** Crops, each with its own place and colours; 512 by default. */
        crops: z.number().int().positive().optional(),
        /** Symmetries of each crop, 1 to 8; 8 by default. */
        symmetries: z.number().int().min(1).max(8).optional(),
        /** Largest size on disk, 10⁹ bytes; 4 by default. Fewer crops are used if it is too small. */
        maxGB: z.number().positive().optional(),
      }),
    ])
    .optional(),
  /** Largest norm of all gradients together; larger ones are scaled down. No limit by default. */
  clipNorm: z.number().positive().optional(),
  /**
   * How much of the moving average of the weights remains at each step, such as 0.999. The average is validated and
   * exported instead of the weights. Without it, the weights are.
   */
  averageWeights: z.number().positive().lt(1).optional(),
  /** Selects the weights with the highest mIoU on these patients, who are not trained on. */
  validation: z
    .strictObject({ patients: z.array(z.string()).min(1), every: z.number().int().positive() })
    .optional(),
  classes: z.array(z.strictObject({ name: z.string(), colour: z.string(), background: z.boolean() })).min(2),
  /** Facts about the data that its folder does not contain. */
  data: z
    .strictObject({
      /** µm per pixel of the images; read from the images by default. */
      mpp: z.number().positive().optional(),
      /** Class of each value of the index masks; values are classes by default. */
      classOfValue: z.array(z.number().int().nonnegative()).optional(),
      /** Skips the glass of annotated slides: it is neither drawn nor trained on. */
      tissueOnly: z.boolean().optional(),
      /**
       * Whether images may be shared; true by default. If false, the exported model contains none of their
       * pixels.
       */
      shareable: z.boolean().optional(),
      /** Held-out patients: never trained on, and the only ones that `evaluate` measures. */
      heldOutPatients: z.array(z.string()).optional(),
    })
    .optional(),
  /** Texts of the exported model about its data. */
  provenance: z.strictObject({
    data: z.string(),
    synthetic: z.boolean(),
    /** As `specimen` in the manifest. */
    specimen: z.strictObject({ organ: z.string(), stain: z.string() }).optional(),
    dataLicence: z.string(),
    licence: z.string(),
    split: z.string(),
    intendedUse: z.string(),
  }),
});

/** Also checks that lists with one value per class have the right length. */
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
 * The preset of a configuration with its number of classes and its sizes. For context kind `same`, the
 * context is the slice's field at half the size.
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
  const fieldUm = contextFieldUm ?? preset.contextFieldUm;
  const network =
    preset.network.kind === 'refinenet' && fieldUm !== null
      ? { ...preset.network, contextFieldUm: fieldUm }
      : preset.network;
  return { ...preset, ...slice, network, contextPx, contextFieldUm: fieldUm };
}
