/** The configuration of a training run: a JSON file, checked when it is read. */
import { z } from 'zod';

export const trainingConfigSchema = z.strictObject({
  /** Name of the preset in src/model/presets.ts. */
  preset: z.string(),
  /** Id and title of the exported model. */
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string(),
  description: z.string(),
  seed: z.number().int(),
  steps: z.number().int().positive(),
  batch: z.number().int().positive(),
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
  /** `batch` while training from scratch; `frozen` keeps the statistics of pretrained weights. */
  batchNorm: z.enum(['batch', 'frozen']),
  optimiser: z.strictObject({
    learningRate: z.number().positive(),
    /** Steps of linear rise at the start; then a cosine down to a hundredth. */
    warmup: z.number().int().nonnegative(),
    weightDecay: z.number().nonnegative(),
  }),
  classes: z.array(z.strictObject({ name: z.string(), colour: z.string(), background: z.boolean() })).min(2),
  /** What the folder of data does not say itself. */
  data: z
    .strictObject({
      /** µm per pixel of the images; what they say themselves when absent. */
      mpp: z.number().positive().optional(),
      /** The class of each value of the index masks; values are classes when absent. */
      classOfValue: z.array(z.number().int().nonnegative()).optional(),
      /** Patients kept for measuring: never trained on, the only ones that `evaluate` looks at. */
      heldOutPatients: z.array(z.string()).optional(),
    })
    .optional(),
  /** What the exported model says of its data. */
  provenance: z.strictObject({
    data: z.string(),
    synthetic: z.boolean(),
    dataLicence: z.string(),
    licence: z.string(),
    split: z.string(),
    intendedUse: z.string(),
  }),
});

export type TrainingConfig = z.infer<typeof trainingConfigSchema>;

/** Learning rate at `step`, 0 upwards. */
export function learningRateAt(step: number, { steps, optimiser }: TrainingConfig): number {
  const { learningRate, warmup } = optimiser;
  if (step < warmup) return (learningRate * (step + 1)) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return learningRate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress))));
}
