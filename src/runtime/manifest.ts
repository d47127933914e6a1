/**
 * The manifest of a model, `models/<id>/manifest.json`, validated on load. It holds everything that the
 * engine and the interface need to know about a network without opening its graph.
 */
import { z } from 'zod';
import type { ContextKind } from '../model/config.ts';

const hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex');
const colour = z.string().regex(/^#[0-9a-fA-F]{6}$/, 'expected a colour like #0072B2');
const fileName = z.string().regex(/^[\w.-]+$/, 'expected a file name without directories');

const field = z.object({
  /** Side of the square field, in µm of tissue. */
  fieldUm: z.number().positive(),
  /** Side of the network's input, in pixels. */
  sizePx: z.number().int().positive().max(4096),
});

export const contextKinds = [
  'none',
  'same',
  'region',
  'centred',
  'slide',
] as const satisfies readonly ContextKind[];
export const fusionKinds = ['none', 'add', 'concat', 'attention', 'aligned'] as const;

/** Figures on held-out data. */
const metricsSchema = z.object({
  data: z.string(),
  miou: z.number().min(0).max(1),
  iou: z.array(z.number().min(0).max(1).nullable()),
  accuracy: z.number().min(0).max(1),
  score: z.number().max(1).nullable(),
  /** Expected calibration error, 10 bins. */
  ece: z.number().min(0).max(1).optional(),
});

export const manifestSchema = z.object({
  specVersion: z.literal(1),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string().min(1),
  /** One sentence: what the model is for. */
  description: z.string(),
  /** The `preset` of src/model/presets.ts that built the network. */
  preset: z.string(),
  encoder: z.string(),
  contextEncoder: z.string().nullable(),
  fusion: z.enum(fusionKinds),
  /** Index in the list = class value in the class map. */
  classes: z
    .array(
      z.object({
        name: z.string().min(1),
        colour,
        /** Drawn without fill and excluded from areas (the background class). */
        background: z.boolean(),
      }),
    )
    .min(2)
    .max(32),
  slice: field,
  /** null for single-input networks. `fieldUm` is ignored for `slide`. */
  context: field.extend({ kind: z.enum(contextKinds).exclude(['none']) }).nullable(),
  graph: z.object({
    /** TF.js GraphModel, with its weight shards in the same folder. */
    file: fileName,
    sha256: hex,
    /** SHA-256 over all weight shards in order. */
    weightsSha256: hex,
    weightsBytes: z.number().int().positive(),
    dtype: z.enum(['float16', 'float32']),
    /** Node names. Inputs take RGB 0 to 255 as float32 NHWC; normalisation is inside the graph. */
    inputs: z.object({
      slice: z.string(),
      context: z.string().nullable(),
      /** [n, 1, 1, 4] y1, x1, y2, x2 of the slice in the context, for `aligned`. */
      sliceInContext: z.string().nullable(),
    }),
    outputs: z.object({
      /** float32 [n, size, size, classes], before softmax, at the slice's resolution. */
      logits: z.string(),
      /** int32 [n, size, size], class * 256 + confidence (0 to 255): one read-back per slice. */
      packed: z.string(),
    }),
    /** Nodes that are fetched once per region and fed back for each of its slices. */
    contextFeatures: z.array(z.string()),
  }),
  /** The tissue and stain that the network was trained on. Absent where the card does not say. */
  specimen: z
    .object({
      /** English name, such as `colon`; `none` for tissue without an organ (phantoms). */
      organ: z.string().min(1).max(80),
      /** Such as `H&E`. */
      stain: z.string().min(1).max(80),
    })
    .optional(),
  parameters: z.number().int().positive(),
  /** Multiply-accumulates of one slice with its context / with reused context features. */
  macs: z.number().positive(),
  macsReusedContext: z.number().positive(),
  /** Golden check: inputs and expected output, raw little-endian, in the same folder. */
  golden: z.object({
    slice: fileName,
    context: fileName.nullable(),
    /** uint8 [size, size] classes. */
    classes: fileName,
    /** Position of the golden slice in the golden context, as fractions of its side; for `aligned`. */
    sliceInContext: z.object({ x: z.number(), y: z.number(), size: z.number().positive() }).nullish(),
    /** Share of pixels that must agree, 0 to 1. */
    agreement: z.number().min(0).max(1),
  }),
  provenance: z.object({
    data: z.string(),
    synthetic: z.boolean(),
    dataLicence: z.string(),
    licence: z.string(),
    split: z.string(),
    seed: z.number().int(),
    steps: z.number().int(),
    date: z.string(),
    codeVersion: z.string(),
  }),
  /**
   * What `dualscope evaluate` needs to know about the training data where the files do not say it. Absent in
   * models of slides with complete metadata.
   */
  dataset: z
    .object({
      /** µm per pixel of the images. */
      mpp: z.number().positive().optional(),
      /** The class of each value of index masks. */
      classOfValue: z.array(z.number().int().nonnegative()).optional(),
      /** Whether background counted as unlabelled rather than as a class. */
      tissueOnly: z.boolean().optional(),
      /** Held-out patients. */
      heldOutPatients: z.array(z.string()).optional(),
    })
    .optional(),
  metrics: metricsSchema.nullable(),
  /** Also measured on other held-out data. */
  furtherMetrics: z.array(metricsSchema).optional(),
  /**
   * Share of pixels with the same class as with float32 weights, and the number of held-out slices measured.
   */
  float16Agreement: z
    .object({ slices: z.number().int().positive(), share: z.number().min(0).max(1) })
    .optional(),
  intendedUse: z.string(),
});

export type ModelManifest = z.infer<typeof manifestSchema>;

/**
 * Validates a parsed manifest.
 * @throws ModelError `bad-manifest` naming the first invalid field.
 */
export function parseManifest(value: unknown, file: string): ModelManifest {
  const result = manifestSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  throw new ModelError(
    'bad-manifest',
    file,
    `The manifest is invalid at "${where}": ${issue?.message ?? 'unknown'}.`,
    'Export the model again with this version of Dualscope.',
  );
}

const modelErrorCodes = [
  'bad-manifest',
  'bad-weights',
  'bad-graph',
  'not-found',
  'backend',
  'bad-input',
] as const;

export type ModelErrorCode = (typeof modelErrorCodes)[number];

/** Whether the code of an error report is one of a ModelError. */
export function isModelErrorCode(code: string): code is ModelErrorCode {
  return (modelErrorCodes as readonly string[]).includes(code);
}

/** An error about a model that a user can act on. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;
  readonly file: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(code: ModelErrorCode, file: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`${file}: ${problem} ${remedy}`, options);
    this.code = code;
    this.file = file;
    this.problem = problem;
    this.remedy = remedy;
  }
}
