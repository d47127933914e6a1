/**
 * A trained network as the files of a model's folder. Pure: the caller writes them. Also runs a model just exported,
 * still in memory, for its golden output and to measure the effect of storing its weights.
 */
import type { z } from 'zod';
import { classAgreement, type ClassAgreement } from '../class-agreement.ts';
import { segmentGolden, type GoldenInputs } from '../golden-check.ts';
import { loadUnchecked } from '../load-model.ts';
import type { ReadFile } from '../model-files.ts';
import {
  ModelError,
  parseManifest,
  type manifestSchema,
  type ModelManifest,
  type WeightType,
} from '../manifest.ts';
import type { SliceMaps } from '../segmenter.ts';
import { sha256 } from '../sha256.ts';
import type { Weights } from '../variables.ts';
import { modelCard, resourceDescription } from './card.ts';
import { graphNames, recordNetwork, toGraphModel, type NetworkOfGraph } from './graph-model.ts';

/** What the exporter cannot know: the manifest except for the description of the exported files. */
export type ManifestFields = Omit<z.input<typeof manifestSchema>, 'specVersion' | 'graph' | 'golden'>;

export interface ExportRequest {
  readonly fields: ManifestFields;
  /**
   * Computes the logits; `(ops, input) => fullSizeLogits(ops, input, config)` for the networks of src/model.
   */
  readonly network: NetworkOfGraph;
  readonly variables: Weights;
  /** A real pair of slice and context. */
  readonly golden: GoldenInputs;
  /** Storage of the kernels; `float16` by default. */
  readonly dtype?: WeightType;
  /** Share of golden pixels that must agree on another machine, 0.9 to 1; 0.995 by default. */
  readonly agreement?: number;
}

export interface ExportedModel {
  readonly manifest: ModelManifest;
  /** Every file of the model's folder by name: manifest, graph, weight shards, golden tensors, cards. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * Exports a network and runs the exported graph once, on TF.js's current backend, for the golden check.
 * @throws ModelError `bad-weights` when variables are missing, misshapen, not finite or too large for half
 * precision; `bad-manifest` when the fields violate the schema; `bad-input` on golden inputs of the wrong
 * size.
 */
export async function exportModel(request: ExportRequest): Promise<ExportedModel> {
  const { fields, golden, dtype = 'float16', agreement = 0.995 } = request;
  const slicePx = fields.slice.sizePx;
  const contextPx = fields.context?.sizePx ?? null;
  checkGolden('golden slice', golden.slice, slicePx);
  if (contextPx !== null) checkGolden('golden context', golden.context, contextPx);

  const recorded = recordNetwork(request.network, request.variables, { slice: slicePx, context: contextPx });
  const model = toGraphModel(recorded, dtype, `Dualscope ${fields.provenance.codeVersion}`);
  const shards = model.shards.map((shard) => shard.data);
  const manifest = parseManifest(
    {
      ...fields,
      specVersion: 1,
      graph: {
        file: 'model.json',
        sha256: await sha256([model.modelJson]),
        weightsSha256: await sha256(shards),
        weightsBytes: model.weightsBytes,
        dtype,
        inputs: {
          slice: graphNames.slice,
          context: recorded.context === null ? null : graphNames.context,
          sliceInContext: recorded.sliceInContext === null ? null : graphNames.sliceInContext,
        },
        outputs: { logits: graphNames.logits, packed: graphNames.packed },
        contextFeatures: recorded.contextFeatures.flatMap((node) => node.label ?? []),
      },
      golden: {
        slice: 'golden-slice.bin',
        context: contextPx === null ? null : 'golden-context.bin',
        classes: 'golden-classes.bin',
        sliceInContext: recorded.sliceInContext === null ? null : golden.sliceInContext,
        agreement,
      },
    } satisfies z.input<typeof manifestSchema>,
    `${fields.id}/manifest.json`,
  );

  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  files.set('model.json', model.modelJson);
  for (const shard of model.shards) files.set(shard.name, shard.data);
  files.set(manifest.golden.slice, new Uint8Array(golden.slice));
  if (manifest.golden.context !== null && golden.context !== null) {
    files.set(manifest.golden.context, new Uint8Array(golden.context));
  }
  files.set('manifest.json', encode(`${JSON.stringify(manifest, null, 2)}\n`));
  files.set(manifest.golden.classes, await classesOf(manifest, files, golden));
  files.set('README.md', encode(modelCard(manifest)));
  files.set('rdf.yaml', encode(resourceDescription(manifest)));
  return { manifest, files };
}

function checkGolden(what: string, image: Uint8Array | null, sizePx: number): asserts image is Uint8Array {
  const expected = sizePx * sizePx * 3;
  if (image?.length === expected) return;
  throw new ModelError(
    'bad-input',
    what,
    `Expected ${expected} bytes of RGB (${sizePx} × ${sizePx}), got ${image === null ? 'none' : image.length}.`,
    'Give an image of the size in the manifest.',
  );
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Runs a model that exists only in memory on its golden inputs. @returns uint8 classes, row by row. */
async function classesOf(
  manifest: ModelManifest,
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  golden: GoldenInputs,
): Promise<Uint8Array<ArrayBuffer>> {
  const segmenter = await loadUnchecked(manifest.id, fromMemory(manifest.id, files));
  try {
    return (await segmentGolden(segmenter, golden)).classes;
  } finally {
    segmenter.dispose();
  }
}

/**
 * Measures what storing the weights does to a model's classes, on TF.js's current backend.
 * @param samples slices with their contexts, at least one; the more and the more varied, the better.
 * @throws any error of `exportModel`.
 */
export async function storageAgreement(
  request: Omit<ExportRequest, 'dtype' | 'golden'>,
  samples: readonly GoldenInputs[],
  dtype: WeightType,
): Promise<ClassAgreement> {
  return classAgreement(
    await segmented(request, samples, dtype),
    await segmented(request, samples, 'float32'),
  );
}

async function segmented(
  request: Omit<ExportRequest, 'dtype' | 'golden'>,
  samples: readonly GoldenInputs[],
  dtype: WeightType,
): Promise<SliceMaps[]> {
  const [golden] = samples;
  if (golden === undefined) throw new RangeError('At least one sample is needed.');
  const { manifest, files } = await exportModel({ ...request, golden, dtype });
  const segmenter = await loadUnchecked(manifest.id, fromMemory(manifest.id, files));
  try {
    const results: SliceMaps[] = [];
    for (const sample of samples) results.push(await segmentGolden(segmenter, sample));
    return results;
  } finally {
    segmenter.dispose();
  }
}

/** Reads a model's files from memory. */
function fromMemory(id: string, files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): ReadFile {
  return async (name) => {
    const data = files.get(name);
    if (data !== undefined) return data;
    throw new ModelError(
      'not-found',
      `${id}/${name}`,
      'The file was not exported.',
      'Export the model again.',
    );
  };
}
