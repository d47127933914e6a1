/** What a training starts from: ImageNet weights, a model, or nothing. */
import { join } from 'node:path';
import type { Preset } from '../model/presets.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { Weights } from '../runtime/variables.ts';
import { configuredPreset, type TrainingConfig } from '../training/training-config.ts';
import { pretrainedPreset } from '../training/imagenet-weights.ts';
import { startModel } from '../training/start-model.ts';
import { CommandError } from './command.ts';

export interface TrainingStart {
  /** The configuration, its provenance with the start's. */
  readonly config: TrainingConfig;
  /** At the configuration's sizes. */
  readonly preset: Preset;
  readonly pretrained: Weights;
}

/**
 * @param folders of ImageNet weights and of models
 * @throws CommandError where the configuration asks for what is not there or does not go together; ModelError.
 */
export async function startOf(
  config: TrainingConfig,
  folders: { readonly weights?: string; readonly models: string },
): Promise<TrainingStart> {
  const preset = configuredPreset(config);
  if (config.startModel !== undefined) return fromModel(config, preset, config.startModel, folders.models);
  if (config.encoderWeights === undefined) return { config, preset, pretrained: new Map() };
  if (folders.weights === undefined) {
    throw new CommandError(
      `${config.id}: the configuration starts from "${config.encoderWeights}". Say with --weights which folder holds it.`,
    );
  }
  const started = await pretrainedPreset(preset, join(folders.weights, config.encoderWeights));
  tellMissing(config, started.missing, 'no ImageNet weights');
  return { config, preset: started.preset, pretrained: started.weights };
}

async function fromModel(
  config: TrainingConfig,
  preset: Preset,
  id: string,
  models: string,
): Promise<TrainingStart> {
  if (config.encoderWeights !== undefined) {
    throw new CommandError(
      `${config.id}: it can't start from "${id}" and from "${config.encoderWeights}". Keep "startModel" or "encoderWeights".`,
    );
  }
  if (config.batchNorm !== 'frozen') {
    throw new CommandError(
      `${config.id}: an exported model has no batch statistics to go on with. Set "batchNorm": "frozen" beside "startModel".`,
    );
  }
  const started = await startModel(preset, id, fromFolder(join(models, id)));
  tellMissing(config, started.missing, `other classes in ${id}`);
  const measured = [...(config.data?.heldOutPatients ?? []), ...(config.validation?.patients ?? [])];
  const kept = new Set(started.manifest.dataset?.heldOutPatients);
  if (measured.some((patient) => !kept.has(patient))) {
    process.stderr.write(
      `${config.id}: ${id} does not say that it never saw all of the patients that are measured on. Unless its data were others, figures on them are too good.\n`,
    );
  }
  return {
    config: { ...config, provenance: provenanceFrom(config, started.manifest) },
    preset: started.preset,
    pretrained: started.weights,
  };
}

/** What the start's data ask for holds for what is made of it. */
function provenanceFrom(
  { provenance }: TrainingConfig,
  { id, provenance: start }: ModelManifest,
): TrainingConfig['provenance'] {
  // Parts that the configuration says already need not stand twice.
  const more = start.data.split('; ').filter((part) => !provenance.data.includes(part));
  const learntFrom = more.length === 0 ? 'no other data' : more.join('; ');
  const joined = (own: string, other: string): string =>
    own.includes(other) ? own : `${own}; ${id}: ${other}`;
  return {
    ...provenance,
    data: `${provenance.data}; started from ${id}, which learnt from ${learntFrom}`,
    dataLicence: joined(provenance.dataLicence, start.dataLicence),
    licence: joined(provenance.licence, start.licence),
  };
}

function tellMissing({ id }: TrainingConfig, missing: readonly string[], why: string): void {
  if (missing.length === 0) return;
  process.stderr.write(`${id}: ${String(missing.length)} kernels start at random (${why})\n`);
}
