/** The initial weights of a training run: from ImageNet, from a model, or random. */
import { join } from 'node:path';
import type { Preset } from '../model/presets.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { Weights } from '../runtime/variables.ts';
import { configuredPreset, type TrainingConfig } from '../training/training-config.ts';
import { featurePlan } from '../training/feature-plan.ts';
import { pretrainedPreset } from '../training/imagenet-weights.ts';
import { startModel } from '../training/start-model.ts';
import { CommandError, wrongOptions } from './command.ts';
import { notify } from './terminal.ts';

export interface TrainingStart {
  /** The configuration, with the provenance of the initial weights added. */
  readonly config: TrainingConfig;
  /** With the configuration's sizes. */
  readonly preset: Preset;
  readonly pretrained: Weights;
}

/**
 * @param folders of ImageNet weights and of models
 * @throws CommandError when options of the configuration are missing or conflict; ModelError, ConfigError.
 */
export async function trainingStart(
  config: TrainingConfig,
  folders: { readonly weights?: string; readonly models: string },
): Promise<TrainingStart> {
  const preset = configuredPreset(config);
  featurePlan(config, preset); // Reports its errors before any data are read.
  if (config.startModel !== undefined) return fromModel(config, preset, config.startModel, folders.models);
  if (config.encoderWeights === undefined) return { config, preset, pretrained: new Map() };
  if (folders.weights === undefined) {
    throw wrongOptions(
      `${config.id}: the configuration needs the weights "${config.encoderWeights}". Set --weights to the folder that contains them.`,
    );
  }
  const started = await pretrainedPreset(preset, join(folders.weights, config.encoderWeights));
  reportMissing(config, started.missing, 'no ImageNet weights');
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
      `${config.id}: "startModel" and "encoderWeights" are mutually exclusive. Remove one of them.`,
    );
  }
  if (config.batchNorm !== 'frozen') {
    throw new CommandError(
      `${config.id}: an exported model has no batch statistics. With "startModel", set "batchNorm": "frozen".`,
    );
  }
  const started = await startModel(preset, id, fromFolder(join(models, id)));
  reportMissing(config, started.missing, `${id} has other classes`);
  const measured = [...(config.data?.heldOutPatients ?? []), ...(config.validation?.patients ?? [])];
  const kept = new Set(started.manifest.dataset?.heldOutPatients);
  if (measured.some((patient) => !kept.has(patient))) {
    notify(
      `${config.id}: ${id} may have been trained on patients that are measured on. If so, the figures will be too high.`,
    );
  }
  return {
    config: { ...config, provenance: provenanceFrom(config, started.manifest) },
    preset: started.preset,
    pretrained: started.weights,
  };
}

/** Adds the provenance and licences of the start model, which also apply to the fine-tuned model. */
function provenanceFrom(
  { provenance }: TrainingConfig,
  { id, provenance: start }: ModelManifest,
): TrainingConfig['provenance'] {
  // Skips what the configuration already states.
  const more = start.data.split('; ').filter((part) => !provenance.data.includes(part));
  const startData = more.length === 0 ? 'no other data' : more.join('; ');
  const joined = (own: string, other: string): string =>
    own.includes(other) ? own : `${own}; ${id}: ${other}`;
  return {
    ...provenance,
    data: `${provenance.data}; fine-tuned from ${id}, which was trained on ${startData}`,
    dataLicence: joined(provenance.dataLicence, start.dataLicence),
    licence: joined(provenance.licence, start.licence),
  };
}

function reportMissing({ id }: TrainingConfig, missing: readonly string[], why: string): void {
  if (missing.length === 0) return;
  notify(`${id}: ${String(missing.length)} kernels start at random (${why})`);
}
