/** A training run on disk: resumes from its last checkpoint, saves at intervals and reports its progress. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../base/make-folder.node.ts';
import { csvTable } from '../base/csv.ts';
import { removeParts, replaceFile } from '../base/replace-file.node.ts';
import type { ValidationPoint } from '../evaluation/report/training-report.ts';
import type { Preset } from '../model/presets.ts';
import type { Weights } from '../runtime/variables.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { TrainingSample } from './encoded-sample.ts';
import { FeatureCache } from './feature-cache.ts';
import { featurePlan } from './feature-plan.ts';
import type { SampleSource } from './sample.ts';
import type { StepSessionOptions } from './step/step-session.node.ts';
import { Trainer } from './trainer.ts';
import type { TrainingConfig } from './training-config.ts';

/** Number of samples that initialise the statistics of batch norms. */
const calibrationSamples = 16;
/** First number of those samples; far from the numbers that training uses. */
const calibrationFrom = 1_000_000_000;

export interface TrainingRunOptions {
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly samples: SampleSource;
  /** Initial weights of a new run. Variables that are not among them start at random. */
  readonly pretrained?: Weights;
  /** Folder for `checkpoint.bin`, `best.bin`, `losses.csv` and the features of frozen encoders. */
  readonly folder: string;
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** Where steps are computed; on all cores of the processor by default. */
  readonly session?: StepSessionOptions;
  /** Measures weights on the validation patients. Required if the configuration has any. */
  readonly validate?: (weights: Weights, step: number) => Promise<ValidationPoint>;
  /** Stops after this step with a checkpoint, even if the configuration has more. */
  readonly stopAfter?: number;
  /** Receives sentences for the user. */
  readonly onNotice?: (text: string) => void;
  readonly onStep?: (progress: { step: number; steps: number; loss: number; resumedAt: number }) => void;
}

export interface TrainedNetwork {
  /** Steps taken, even if the kept weights are of an earlier one. */
  readonly steps: number;
  readonly losses: readonly number[];
  readonly validation: readonly ValidationPoint[];
  /** The step of the best weights on validation; null if the last weights are kept. */
  readonly keptStep: number | null;
  readonly weights: Weights;
  /** Duration of all steps, including those before interruptions. */
  readonly seconds: number;
}

interface Progress {
  readonly losses: number[];
  readonly validation: ValidationPoint[];
  /** Duration of the steps before the last interruption. */
  readonly earlierSeconds: number;
}

/**
 * Trains to the configuration's last step, from the last checkpoint if there is one. The caller holds the folder's lock.
 * @throws Error when the folder contains a checkpoint of another configuration, or the loss is not finite;
 *   ConfigError when `featureCache` cannot be what the configuration asks for.
 */
export async function runTraining(options: TrainingRunOptions): Promise<TrainedNetwork> {
  const { preset, config, folder } = options;
  const plan = featurePlan(config, preset);
  await makeFolder(folder);
  await removeParts(
    ['checkpoint.bin', 'best.bin', 'losses.csv', 'features.json'].map((name) => join(folder, name)),
  );
  const trainer = new Trainer(preset, config, options.session);
  let features: FeatureCache | null = null;
  try {
    const progress = await restore(trainer, options);
    if (plan !== null && trainer.step < config.steps) {
      const onNotice = options.onNotice ?? (() => undefined);
      features = await FeatureCache.open({ ...options, plan, weights: await trainer.weights(), onNotice });
    }
    const samples = features ?? options.samples;
    const resumedAt = trainer.step;
    const start = performance.now();
    const seconds = (): number => progress.earlierSeconds + (performance.now() - start) / 1000;
    const last = Math.min(config.steps, options.stopAfter ?? Infinity);
    while (trainer.step < last) {
      const first = trainer.step * config.batch;
      // As a checkpoint stores it, so that a resumed run has the same losses to the last bit.
      const loss = Math.fround(
        await trainer.train(await drawBatch<TrainingSample>(samples, first, config.batch)),
      );
      progress.losses.push(loss);
      options.onStep?.({ step: trainer.step, steps: config.steps, loss, resumedAt });
      const validated = await validate(trainer, progress, options);
      if (validated || trainer.step % options.checkpointEvery === 0 || trainer.step === last) {
        await save(trainer, config, progress, seconds(), folder);
      }
    }
    const { losses, validation } = progress;
    const kept = await keptWeights(trainer, progress, folder);
    return { steps: trainer.step, losses, validation, seconds: seconds(), ...kept };
  } finally {
    await features?.close();
    await trainer.dispose();
  }
}

/** Samples of consecutive numbers. Requests all of them before it awaits the first. */
export async function drawBatch<T>(
  samples: { sample(number: number): T | Promise<T> },
  first: number,
  count: number,
): Promise<T[]> {
  const asked = Array.from({ length: count }, async (_, i) => samples.sample(first + i));
  return Promise.all(asked);
}

/** The point with the highest mIoU, the earliest in a tie; null without any. */
export function bestPoint(points: readonly ValidationPoint[]): ValidationPoint | null {
  let best: ValidationPoint | null = null;
  for (const point of points) {
    if (point.miou !== null && (best === null || point.miou > (best.miou ?? -1))) best = point;
  }
  return best;
}

/** Validates at the configured steps and saves the best weights. @returns whether it validated. */
async function validate(
  trainer: Trainer,
  { validation }: Progress,
  { config, folder, validate: measure }: TrainingRunOptions,
): Promise<boolean> {
  if (config.validation === undefined) return false;
  if (measure === undefined)
    throw new Error('The configuration has validation patients, but `validate` is missing.');
  const { step } = trainer;
  if (step % config.validation.every !== 0 && step !== config.steps) return false;
  const variables = await trainer.bestWeights();
  validation.push(await measure(variables, step));
  if (bestPoint(validation)?.step === step) {
    const nothing = { losses: [], validation: [], seconds: 0, optimiser: new Map() };
    const bytes = encodeCheckpoint({ step, config: JSON.stringify(config), variables, ...nothing });
    await replaceFile(bestFile(folder), bytes);
  }
  return true;
}

async function keptWeights(
  trainer: Trainer,
  { validation }: Progress,
  folder: string,
): Promise<{ weights: Weights; keptStep: number | null }> {
  const best = bestPoint(validation);
  if (best === null) return { weights: await trainer.bestWeights(), keptStep: null };
  const file = bestFile(folder);
  const kept = decodeCheckpoint(await readFile(file), file);
  if (kept.step === best.step) return { weights: kept.variables, keptStep: best.step };
  // Left by a run that was stopped after a validation of which the checkpoint does not know yet.
  if (trainer.step < kept.step) return { weights: await trainer.bestWeights(), keptStep: null };
  throw new Error(
    `${file}: these weights are of step ${String(kept.step)}, not ${String(best.step)}. Delete the folder to restart the run.`,
  );
}

/** Loads the last checkpoint, or initialises a new run. */
async function restore(
  trainer: Trainer,
  { config, samples, folder, pretrained }: TrainingRunOptions,
): Promise<Progress> {
  const file = join(folder, 'checkpoint.bin');
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) {
    await trainer.initialise(await drawBatch(samples, calibrationFrom, calibrationSamples), pretrained);
    return { losses: [], validation: [], earlierSeconds: 0 };
  }
  const checkpoint = decodeCheckpoint(bytes, file);
  if (trainingIdentity(JSON.parse(checkpoint.config) as TrainingConfig) !== trainingIdentity(config)) {
    throw new Error(
      `${file}: this checkpoint belongs to another configuration. Choose another --run, or delete the checkpoint.`,
    );
  }
  trainer.load(checkpoint.step, checkpoint.variables, checkpoint.optimiser);
  const { losses, validation, seconds } = checkpoint;
  return { losses: [...losses], validation: [...validation], earlierSeconds: seconds };
}

/** The configuration without the texts for the exported model, which do not affect training. */
function trainingIdentity(config: TrainingConfig): string {
  return JSON.stringify({ ...config, title: '', description: '', provenance: null });
}

async function save(
  trainer: Trainer,
  config: TrainingConfig,
  { losses, validation }: Progress,
  seconds: number,
  folder: string,
): Promise<void> {
  const bytes = encodeCheckpoint({
    step: trainer.step,
    config: JSON.stringify(config),
    losses,
    validation,
    seconds,
    variables: await trainer.weights(),
    optimiser: await trainer.optimiserState(),
  });
  await replaceFile(join(folder, 'checkpoint.bin'), bytes);
  const rows = losses.map((loss, index) => [index + 1, Number(loss.toFixed(6))]);
  await replaceFile(join(folder, 'losses.csv'), csvTable(['step', 'loss'], rows));
}

function bestFile(folder: string): string {
  return join(folder, 'best.bin');
}
