/**
 * The manifest of a model, `models/<id>/manifest.json`, validated on load. It holds everything that the
 * engine and the interface need to know about a network without opening its graph.
 */
import { z } from 'zod';
import { isBelievableMpp, mppRange } from '../base/resolution.ts';
import type { ContextKind } from '../model/config.ts';

const hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex');
const colour = z.string().regex(/^#[0-9a-fA-F]{6}$/, 'expected a colour like #0072B2');

/** The name of a file in the model's own folder: no directories, no URLs, and nothing hidden. */
export const plainFileName = z
  .string()
  .max(200)
  .regex(/^[\w-][\w.-]*$/, 'expected a file name without directories');

/** Name of a node. Names that objects inherit would be mistaken for values that are not there. */
export const nodeName = z
  .string()
  .min(1)
  .max(1000)
  .refine((name) => !(name in Object.prototype), 'expected another name');

/** Of all weight shards together. */
export const mostWeightBytes = 2e9;

/** Of a side. */
const share = z.number().min(0).max(1);

const colourByte = z.number().int().min(0).max(255);

const shortText = z.string().max(1000);
const longText = z.string().max(20_000);

const field = z
  .object({
    /** Side of the square field, in µm of tissue. */
    fieldUm: z.number().positive().max(1e6),
    /** Side of the network's input, in pixels. */
    sizePx: z.number().int().min(8).max(4096),
  })
  .refine(({ fieldUm, sizePx }) => isBelievableMpp(fieldUm / sizePx), {
    path: ['fieldUm'],
    message: `fieldUm / sizePx has to be ${mppRange}`,
  });

/** Storage of a model's kernels; all other weights are float32. */
export const weightTypes = ['int8', 'float16', 'float32'] as const;
export type WeightType = (typeof weightTypes)[number];

export const contextKinds = [
  'none',
  'same',
  'region',
  'centred',
  'slide',
] as const satisfies readonly ContextKind[];
export const fusionKinds = ['none', 'add', 'concat', 'attention', 'aligned', 'cross-attention'] as const;

/** Lowest and highest value; null where too few draws have one. */
const interval = z.tuple([z.number(), z.number()]).nullable();

/** Figures on held-out data. */
const metricsSchema = z.object({
  data: z.string(),
  miou: z.number().min(0).max(1),
  iou: z.array(z.number().min(0).max(1).nullable()),
  accuracy: z.number().min(0).max(1),
  score: z.number().max(1).nullable(),
  /** Expected calibration error, 10 bins. */
  ece: z.number().min(0).max(1).optional(),
  /** Of objects, as in the GlaS contest (src/evaluation/objects.ts); the distance in µm. */
  objects: z
    .object({
      f1: z.number().min(0).max(1).nullable(),
      dice: z.number().min(0).max(1).nullable(),
      hausdorff: z.number().nonnegative().nullable(),
    })
    .optional(),
  /** 95 % intervals over patients (src/evaluation/patient-bootstrap.ts). */
  intervals: z
    .object({
      patients: z.number().int().min(2),
      miou: interval,
      iou: z.array(interval),
      objectF1: interval.optional(),
      objectDice: interval.optional(),
    })
    .optional(),
});

const manifestFields = z.object({
  specVersion: z.literal(1),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: shortText.min(1),
  /** One sentence: what the model is for. */
  description: longText,
  /** The `preset` of src/model/presets.ts that built the network. */
  preset: shortText,
  encoder: shortText,
  contextEncoder: shortText.nullable(),
  fusion: z.enum(fusionKinds),
  /** Index in the list = class value in the class map. */
  classes: z
    .array(
      z.object({
        name: z.string().min(1).max(200),
        colour,
        /** Drawn without fill and excluded from areas (the background class). */
        background: z.boolean(),
      }),
    )
    .min(2)
    .max(32),
  slice: field,
  /** null for single-input networks. `fieldUm` is ignored for `slide`. */
  context: z.intersection(field, z.object({ kind: z.enum(contextKinds).exclude(['none']) })).nullable(),
  graph: z.object({
    /** TF.js GraphModel, with its weight shards in the same folder. */
    file: plainFileName,
    sha256: hex,
    /** SHA-256 over all weight shards in order. */
    weightsSha256: hex,
    weightsBytes: z.number().int().positive().max(mostWeightBytes),
    dtype: z.enum(weightTypes),
    /** Node names. Inputs take RGB 0 to 255 as float32 NHWC; normalisation is inside the graph. */
    inputs: z.object({
      slice: nodeName,
      context: nodeName.nullable(),
      /** [n, 1, 1, 4] y1, x1, y2, x2 of the slice in the context, for fusions that are told where it lies. */
      sliceInContext: nodeName.nullable(),
    }),
    outputs: z.object({
      /** float32 [n, size, size, classes], before softmax, at the slice's resolution. */
      logits: nodeName,
      /** int32 [n, size, size], class * 256 + confidence (0 to 255): one read-back per slice. */
      packed: nodeName,
    }),
    /** Nodes that are fetched once per region and fed back for each of its slices. */
    contextFeatures: z.array(nodeName).max(1000),
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
  /**
   * How the network learned to do without its context (`missing-context.ts`). Absent where every training sample had one:
   * then what it says without a context means nothing.
   */
  contextDropout: z
    .object({
      /** Of the training samples. */
      share: z.number().positive().max(1),
      /** RGB of every pixel of a missing context. */
      colour: z.tuple([colourByte, colourByte, colourByte]),
    })
    .optional(),
  parameters: z.number().int().positive(),
  /** Multiply-accumulates of one slice with its context / with reused context features. */
  macs: z.number().positive(),
  macsReusedContext: z.number().positive(),
  /** Golden check: inputs and expected output, raw little-endian, in the same folder. */
  golden: z.object({
    slice: plainFileName,
    context: plainFileName.nullable(),
    /** uint8 [size, size] classes. */
    classes: plainFileName,
    /** Position of the golden slice in the golden context, as fractions of its side; for `aligned`. */
    sliceInContext: z.object({ x: share, y: share, size: share.positive() }).nullish(),
    /** Share of pixels that must agree. Below 0.9 it would check nothing. */
    agreement: z.number().min(0.9).max(1),
  }),
  provenance: z.object({
    data: longText,
    synthetic: z.boolean(),
    dataLicence: longText,
    licence: longText,
    split: longText,
    seed: z.number().int(),
    steps: z.number().int(),
    date: longText,
    codeVersion: longText,
  }),
  /**
   * What `dualscope evaluate` needs to know about the training data where the files do not say it. Absent in
   * models of slides with complete metadata.
   */
  dataset: z
    .object({
      /** µm per pixel of the images. */
      mpp: z.number().refine(isBelievableMpp, `expected ${mppRange}`).optional(),
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
   * Share of pixels that the stored weights give the same class as float32 weights, and the number of slices measured,
   * which training did not draw.
   */
  storageAgreement: z
    .object({ slices: z.number().int().positive(), share: z.number().min(0).max(1) })
    .optional(),
  /**
   * How near other tissue comes to the training data (`domain/feature-distance.ts`). Absent where it was not measured, and
   * in networks without an encoder.
   */
  domain: z
    .object({
      /** Statistics of the encoder over training slices, in the same folder. */
      file: plainFileName,
      sha256: hex,
      /** Values of the graph that are measured, from fine to coarse. */
      stages: z
        .array(z.object({ node: nodeName, channels: z.number().int().positive().max(2048) }))
        .min(1)
        .max(4),
      /** Distance within which 95 % of the slices of patients lie that the statistics have not seen. */
      typical: z.number().positive(),
      /** What was measured. */
      data: longText,
      slices: z.number().int().positive(),
      patients: z.number().int().positive(),
    })
    .optional(),
  intendedUse: longText,
});

/** What no field shows alone. */
export const manifestSchema = manifestFields.superRefine(
  ({ classes, context, contextDropout, graph, golden, domain, metrics }, issues) => {
    const wrong = (path: (string | number)[], message: string): void => {
      issues.addIssue({ code: 'custom', path, message });
    };
    const names = new Map<string, number>();
    classes.forEach(({ name }, value) => {
      const same = name.normalize('NFC').trim().toLowerCase();
      const other = names.get(same);
      if (other !== undefined) wrong(['classes', value, 'name'], `it is the name of class ${other}, too`);
      names.set(same, value);
    });
    if (contextDropout !== undefined && context === null) {
      wrong(['contextDropout'], 'expected none in a model without a context');
    }
    const { inputs, contextFeatures } = graph;
    if ((inputs.context === null) !== (context === null)) {
      wrong(['graph', 'inputs', 'context'], 'expected an input exactly if the model has a context');
    }
    if (contextFeatures.length === 0 ? context !== null : context === null) {
      wrong(['graph', 'contextFeatures'], 'expected nodes exactly if the model has a context');
    }
    if (inputs.sliceInContext !== null && (context === null || golden.sliceInContext == null)) {
      wrong(['golden', 'sliceInContext'], 'expected the position that the network reads');
    }
    if ((golden.context === null) !== (context === null)) {
      wrong(['golden', 'context'], 'expected a file exactly if the model has a context');
    }
    const files = ['manifest.json', graph.file, golden.slice, golden.context, golden.classes, domain?.file];
    const named = files.filter((file) => file != null);
    if (new Set(named).size < named.length) wrong(['golden'], 'expected a file of its own for each purpose');
    if (metrics !== null && metrics.iou.length !== classes.length) {
      wrong(['metrics', 'iou'], `expected one value for each of ${classes.length} classes`);
    }
  },
);

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
  'too-large',
  'backend',
  'bad-input',
  /** The model does not compute what it computed where it was exported. */
  'failed-check',
  /** The network computed something that is no result. */
  'bad-output',
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
