/** A trained network as a model folder: manifest, graph, golden tensors, card. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fullSizeLogits } from '../model/network.ts';
import type { Preset } from '../model/presets.ts';
import {
  exportModel,
  type ExportedModel,
  type ExportRequest,
  type GoldenInputs,
  type ManifestFields,
  float16Agreement,
} from '../runtime/graph/export-model.ts';
import type { Weights } from '../runtime/variables.ts';
import { zooRow } from '../runtime/zoo.ts';
import { goldenPattern } from './golden-pattern.ts';
import type { Sample } from './sample.ts';
import type { TrainingConfig } from './training-config.ts';

export interface ExportRunOptions {
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly weights: Weights;
  /** Samples that training did not draw: they measure half precision. */
  readonly unseen: readonly [Sample, ...Sample[]];
  readonly steps: number;
  /** Measured on data never trained on; null before they are. */
  readonly metrics: ManifestFields['metrics'];
  /** ISO date and version that stand on the card. */
  readonly date: string;
  readonly codeVersion: string;
}

/**
 * Exports on TF.js's current backend in half precision, and says what that changes. The golden check's input is the first
 * unseen sample, or a pattern where the data may not be passed on.
 * @throws ModelError as `exportModel`.
 */
export async function exportRun(options: ExportRunOptions): Promise<ExportedModel> {
  const { preset, weights, unseen } = options;
  const request: Omit<ExportRequest, 'golden'> = {
    fields: manifestFields(options),
    network: (ops, input) => fullSizeLogits(ops, input, preset.network),
    variables: weights,
  };
  const needsPlace = preset.network.kind === 'refinenet' && preset.network.fusion === 'aligned';
  const inputsOf = ({ slice, context, place }: Sample): GoldenInputs => ({
    slice,
    context,
    sliceInContext: needsPlace ? place : null,
  });
  const { share } = await float16Agreement(request, unseen.map(inputsOf));
  const fields = { ...request.fields, float16Agreement: { slices: unseen.length, share } };
  const golden = options.config.data?.shareable === false ? goldenPattern(preset) : unseen[0];
  return exportModel({ ...request, fields, golden: inputsOf(golden) });
}

/** Writes the model's files into an empty folder of that name. */
export async function writeModel(model: ExportedModel, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of model.files) await writeFile(join(folder, name), bytes);
}

function manifestFields({
  preset,
  config,
  metrics,
  steps,
  date,
  codeVersion,
}: ExportRunOptions): ManifestFields {
  const row = zooRow(preset);
  const { network, contextKind, contextPx, contextFieldUm } = preset;
  const { intendedUse, specimen, ...provenance } = config.provenance;
  return {
    id: config.id,
    title: config.title,
    description: config.description,
    preset: preset.id,
    encoder: network.kind === 'unet' ? 'U-Net' : network.sliceEncoder.name,
    contextEncoder: network.kind === 'unet' ? null : (network.contextEncoder?.name ?? null),
    fusion: network.kind === 'unet' ? 'none' : network.fusion,
    classes: config.classes,
    slice: { fieldUm: preset.sliceFieldUm, sizePx: preset.slicePx },
    context:
      contextKind === 'none' || contextPx === null || contextFieldUm === null
        ? null
        : { kind: contextKind, fieldUm: contextFieldUm, sizePx: contextPx },
    ...(specimen === undefined ? {} : { specimen }),
    parameters: row.parameters,
    macs: row.gmac * 1e9,
    macsReusedContext: row.gmacReusedContext * 1e9,
    ...(config.data === undefined ? {} : { dataset: config.data }),
    provenance: { ...provenance, seed: config.seed, steps, date, codeVersion },
    metrics,
    intendedUse,
  };
}
