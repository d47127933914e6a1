/** A cohort's slides and how to segment them: `workflow/config.yaml` as the program reads it. */
import { z } from 'zod';

const positive = z.number().positive();

/** How each slide is segmented; changing any of these makes results stale. */
const segmentation = {
  quality: z.enum(['fast', 'standard', 'best']).default('standard'),
  glass: z.enum(['skip', 'include']).default('skip'),
  /** Average over the eight orientations of each slice. */
  symmetries: z.boolean().default(false),
  /** µm per level-0 pixel for slides without a stated size; others keep their own. */
  mpp: positive.nullable().default(null),
  /** Greatest distance between a polygon and its class's border, µm. */
  simplify: z.number().nonnegative().default(0),
  /** null: the fastest available. `wasm` is an earlier name of `tfjs`. */
  backend: z.enum(['cuda', 'webgpu', 'coreml', 'dml', 'cpu', 'tfjs', 'wasm']).nullable().default(null),
};

export const segmentationSchema = z.object(segmentation);

/** Slides of more than this many slices are split among several jobs. */
const shardSchema = z.object({ above_slices: z.int().positive(), jobs: z.int().min(2).max(64) });

/** Fields that only the workflow reads (resources) are accepted and dropped. */
export const settingsSchema = z.object({
  /** A folder, a list (.txt, one slide per line), a file, an https URL; or several of these. */
  slides: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  model: z.string().min(1),
  out: z.string().min(1),
  title: z.string().min(1).default('Cohort'),
  ...segmentation,
  /** Address of the app, for the gallery's links. */
  app: z.url({ protocol: /^https?$/ }).default('http://localhost:4173/'),
  /**
   * Address under which the folder of local slides is served, so that the app can open them; null when it is
   * not served.
   */
  slides_url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
  shards: shardSchema.nullable().default(null),
});

export type CohortSettings = z.infer<typeof settingsSchema>;
export type SegmentationSettings = z.infer<typeof segmentationSchema>;
