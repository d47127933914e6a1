/**
 * Writes a trained network as a model folder (manifest, graph, golden tensors, card), and later its measured
 * figures.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../base/make-folder.node.ts';
import { FileSet } from '../base/file-set.node.ts';
import { lockOf, withOutputLock } from '../base/output-lock.node.ts';
import { replaceFolder } from '../base/replace-file.node.ts';
import { fullSizeLogits, readsPlace } from '../model/network.ts';
import type { Preset } from '../model/presets.ts';
import { modelCard, resourceDescription } from '../runtime/graph/card.ts';
import type { GoldenInputs } from '../runtime/golden-check.ts';
import {
  type ExportedModel,
  exportModel,
  type ExportRequest,
  type ManifestFields,
  storageAgreement,
} from '../runtime/graph/export-model.ts';
import { type ModelManifest, parseManifest } from '../runtime/manifest.ts';
import { missingColour } from '../runtime/missing-context.ts';
import { mulberry32, type Weights } from '../runtime/variables.ts';
import { zooRow } from '../runtime/zoo.ts';
import type { Sample } from './sample.ts';
import type { TrainingConfig } from './training-config.ts';

export interface ExportRunOptions {
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly weights: Weights;
  /** Samples that training did not draw; they measure the effect of storing the weights. */
  readonly unseen: readonly [Sample, ...Sample[]];
  readonly steps: number;
  /** Measured on held-out data; null until then. */
  readonly metrics: ManifestFields['metrics'];
  /** ISO date and code version for the model card. */
  readonly date: string;
  readonly codeVersion: string;
}

/**
 * Exports on TF.js's current backend and records how many pixels storing the weights changes. The input of
 * the golden check is the first unseen sample, or a synthetic pattern if the data must not be shared.
 * @throws ModelError as `exportModel`.
 */
export async function exportRun(options: ExportRunOptions): Promise<ExportedModel> {
  const { preset, weights, unseen } = options;
  const request: Omit<ExportRequest, 'golden'> = {
    fields: manifestFields(options),
    network: (ops, input) => fullSizeLogits(ops, input, preset.network),
    variables: weights,
  };
  const needsPlace = readsPlace(preset.network);
  const inputsOf = ({ slice, context, place }: Sample): GoldenInputs => ({
    slice,
    context,
    sliceInContext: needsPlace ? place : null,
  });
  const dtype = options.config.weightType ?? 'float16';
  const { share } = await storageAgreement(request, unseen.map(inputsOf), dtype);
  const fields = { ...request.fields, storageAgreement: { slices: unseen.length, share } };
  const golden = options.config.data?.shareable === false ? goldenPattern(preset) : unseen[0];
  return exportModel({ ...request, fields, golden: inputsOf(golden), dtype });
}

/**
 * Writes the model's files, replacing an earlier model in the folder.
 * @throws Error when the folder has other files, or another process writes there.
 */
export async function writeModel(model: ExportedModel, folder: string): Promise<void> {
  await makeFolder(dirname(folder));
  await withOutputLock(lockOf(folder), async () => {
    await rejectForeignFolder(folder);
    await replaceFolder(folder, model.files);
  });
}

/** @throws Error when the folder has files and is no model of its name, so that it must not be replaced. */
export async function rejectForeignFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new Error(
      `${folder}: The model can't be written here (${error.code ?? ''}). Choose another --out.`,
    );
  });
  if (names.length === 0) return;
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => '');
  if (text.includes(`"id": "${basename(folder)}"`)) return;
  throw new Error(
    `${folder}: The folder has files that are no model of this name, so it is not replaced. Move them, or choose another --out.`,
  );
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
    ...(config.contextDropout === undefined || contextPx === null
      ? {}
      : {
          contextDropout: {
            share: config.contextDropout,
            colour: [...missingColour(network.preprocessing)] as [number, number, number],
          },
        }),
    parameters: row.parameters,
    macs: row.gmac * 1e9,
    macsReusedContext: row.gmacReusedContext * 1e9,
    ...(config.data === undefined ? {} : { dataset: config.data }),
    provenance: { ...provenance, seed: config.seed, steps, date, codeVersion },
    metrics,
    intendedUse,
  };
}

/**
 * Writes measured figures into an exported model: manifest, card and resource description.
 * @param place `metrics` for the model's main figures, `furtherMetrics` for figures on other data. Further
 *   figures replace earlier ones with the same description of the data.
 * @throws ModelError when the folder's manifest is not valid.
 */
export async function recordMetrics(
  folder: string,
  metrics: NonNullable<ModelManifest['metrics']>,
  place: 'metrics' | 'furtherMetrics',
): Promise<void> {
  await changeManifest(folder, (manifest) => withMetrics(manifest, metrics, place));
}

/**
 * Changes the manifest of an exported model, and its card and resource description with it.
 * @param more further files of the folder, by name, which are replaced together with them.
 * @throws ModelError when the folder's manifest is not valid, before or after the change.
 */
export async function changeManifest(
  folder: string,
  change: (manifest: ModelManifest) => ModelManifest,
  more: Readonly<Record<string, Uint8Array>> = {},
): Promise<void> {
  const file = join(folder, 'manifest.json');
  await withOutputLock(
    lockOf(file),
    async () => {
      const names = ['manifest.json', 'README.md', 'rdf.yaml', ...Object.keys(more)];
      const set = await FileSet.open(
        join(folder, 'metrics.commit'),
        names.map((name) => join(folder, name)),
      );
      const old = parseManifest(JSON.parse(await readFile(file, 'utf8')), file);
      const manifest = parseManifest(change(old), file);
      const contents = {
        ...more,
        'manifest.json': `${JSON.stringify(manifest, null, 2)}\n`,
        'README.md': modelCard(manifest),
        'rdf.yaml': resourceDescription(manifest),
      };
      for (const [name, content] of Object.entries(contents)) await set.add(join(folder, name), content);
      await set.commit();
    },
    { onWait: () => undefined },
  );
}

function withMetrics(
  old: ModelManifest,
  metrics: NonNullable<ModelManifest['metrics']>,
  place: 'metrics' | 'furtherMetrics',
): ModelManifest {
  const further = old.furtherMetrics ?? [];
  const furtherMetrics = further.some(({ data }) => data === metrics.data)
    ? further.map((known) => (known.data === metrics.data ? metrics : known))
    : [...further, metrics];
  return { ...old, ...(place === 'metrics' ? { metrics } : { furtherMetrics }) };
}

/** Optical densities of haematoxylin and eosin in R, G and B (Ruifrok and Johnston 2001). */
const haematoxylinVector = [0.65, 0.704, 0.286] as const;
const eosinVector = [0.072, 0.99, 0.105] as const;

/**
 * A synthetic input for the golden check, for models whose training images must not be shared: blobs of two
 * stains over a stroma-like noise, so that a network finds more than one class. Each preset has one pattern.
 * All classes are 0: nothing is compared with them.
 */
export function goldenPattern({ slicePx, contextPx }: Preset): Sample {
  return {
    slice: pattern(slicePx, 1),
    classes: new Uint8Array(slicePx * slicePx),
    context: contextPx === null ? null : pattern(contextPx, 2),
    contextClasses: contextPx === null ? null : new Uint8Array(contextPx * contextPx),
    place: { x: 0.25, y: 0.375, size: 0.25 },
  };
}

/** [side, side, 3] */
function pattern(side: number, seed: number): Uint8Array<ArrayBuffer> {
  const nuclei = noise(side, 6, seed * 2);
  const glands = noise(side, 24, seed * 2 + 1);
  const rgb = new Uint8Array(side * side * 3);
  for (let i = 0; i < side * side; i++) {
    const [fine, coarse] = [nuclei[i]!, glands[i]!];
    const lumen = coarse > 0.62;
    const haematoxylin = lumen ? 0.02 : 0.15 + (fine > 0.55 ? 0.7 * coarse : 0.1 * fine);
    const eosin = lumen ? 0.02 : 0.15 + 0.25 * (1 - coarse);
    for (let channel = 0; channel < 3; channel++) {
      const density = haematoxylin * haematoxylinVector[channel]! + eosin * eosinVector[channel]!;
      rgb[i * 3 + channel] = Math.round(255 * Math.exp(-density));
    }
  }
  return rgb;
}

/** Smooth noise, [side, side], 0 to 1: a random value every `cell` pixels, interpolated in between. */
function noise(side: number, cell: number, seed: number): Float32Array {
  const random = mulberry32(seed);
  const columns = Math.ceil(side / cell) + 1;
  const values = Float32Array.from({ length: columns * columns }, random);
  return Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / cell, Math.floor(i / side) / cell];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const at = (column: number, row: number): number => values[row * columns + column]!;
    const above = at(left, top) + (at(left + 1, top) - at(left, top)) * (x - left);
    const below = at(left, top + 1) + (at(left + 1, top + 1) - at(left, top + 1)) * (x - left);
    return above + (below - above) * (y - top);
  });
}
