/** The outcome of one slide: written by its job, read by the report. */
import { z } from 'zod';

/** A file below the slide's folder: the gallery links to it. */
const fileBelow = z.string().refine((file) => !/^[/\\]|(^|[/\\])\.\.([/\\]|$)/.test(file));

/** The part of a result of `dualscope segment` that the table shows. */
const figuresSchema = z.object({
  backend: z.string(),
  slices: z.number(),
  /** Slices that could not be read. */
  broken: z.number(),
  /** The engine's duration, of the call that finished the slide. */
  seconds: z.number(),
  /** How far the tissue is from the model's training data, see `TissueFit.distance`; null where it was not measured. */
  fitDistance: z.number().nullable(),
  /** Why the result must not be trusted, as in its files; null where nothing speaks against it. */
  warning: z.string().nullable(),
  segmentedMm2: z.number(),
  tissueMm2: z.number().nullable(),
  areas: z.array(
    z.object({
      class: z.string(),
      background: z.boolean(),
      areaMm2: z.number(),
      percentOfTissue: z.number(),
    }),
  ),
  confidence: z
    .object({
      mean: z.number(),
      tenth: z.number(),
      median: z.number(),
      belowHalf: z.number(),
    })
    .nullable(),
  /** The slide's level-0 size in pixels; µm per pixel, and whether the configuration supplied it. */
  width: z.number(),
  height: z.number(),
  mpp: z.number(),
  mppGiven: z.boolean(),
  /** Names of the result files in the same folder. */
  files: z.array(fileBelow),
  /** Name of the small preview, and its size in pixels. */
  thumbnail: z.object({ file: fileBelow, width: z.number(), height: z.number() }),
});

export type SlideFigures = z.infer<typeof figuresSchema>;

/**
 * `done`; `partial`, where parts of the slide could not be read and are skipped; `failed`; `stopped` by a
 * signal. The next run retries all but the first.
 */
export const outcomeSchema = z.object({
  key: z.string(),
  status: z.enum(['done', 'partial', 'failed', 'stopped']),
  /** One line for display; null when done. */
  error: z.string().nullable(),
  figures: figuresSchema.nullable(),
});

export type SlideOutcome = z.infer<typeof outcomeSchema>;
