/** A training run on disk: resumes from its last checkpoint, saves now and then, reports as it goes. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Preset } from '../model/presets.ts';
import type { WeightArray } from '../runtime/variables.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { Sample } from './sampler.ts';
import { Trainer } from './trainer.ts';
import type { TrainingConfig } from './training-config.ts';

/** Samples that set the batch norms' statistics, in batches. */
const CALIBRATION_SAMPLES = 16;
/** Sample numbers of the calibration, away from those of the steps. */
const CALIBRATION_FROM = 1_000_000_000;

export interface SampleSource {
  /** The sample of that number; the same number gives the same sample. */
  sample(number: number): Sample;
}

export interface TrainingRunOptions {
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly samples: SampleSource;
  /** Folder of the run: `checkpoint.bin` and `losses.csv`. */
  readonly folder: string;
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** Stops after this step even when the configuration asks for more, leaving a checkpoint. */
  readonly stopAfter?: number;
  readonly onStep?: (progress: { step: number; steps: number; loss: number; resumedAt: number }) => void;
}

export interface TrainedNetwork {
  readonly steps: number;
  readonly losses: readonly number[];
  readonly weights: ReadonlyMap<string, WeightArray>;
}

/**
 * Trains from the last checkpoint, or from the start, to the configuration's last step.
 * @throws Error when the folder holds a checkpoint of another configuration, or the loss is not finite.
 */
export async function runTraining(options: TrainingRunOptions): Promise<TrainedNetwork> {
  const { preset, config, samples, folder } = options;
  await mkdir(folder, { recursive: true });
  const trainer = new Trainer(preset, config);
  try {
    const losses = await restore(trainer, options);
    const resumedAt = trainer.step;
    const last = Math.min(config.steps, options.stopAfter ?? Infinity);
    while (trainer.step < last) {
      const first = trainer.step * config.batch;
      const batch = Array.from({ length: config.batch }, (_, i) => samples.sample(first + i));
      const loss = await trainer.train(batch);
      losses.push(loss);
      options.onStep?.({ step: trainer.step, steps: config.steps, loss, resumedAt });
      if (trainer.step % options.checkpointEvery === 0 || trainer.step === last) {
        await save(trainer, config, losses, folder);
      }
    }
    return { steps: trainer.step, losses, weights: await trainer.variables.read() };
  } finally {
    trainer.dispose();
  }
}

/** Brings the trainer to the last checkpoint, or calibrates a fresh one. @returns the losses so far. */
async function restore(trainer: Trainer, { config, samples, folder }: TrainingRunOptions): Promise<number[]> {
  const file = checkpointFile(folder);
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) {
    trainer.calibrate(
      Array.from({ length: CALIBRATION_SAMPLES }, (_, i) => samples.sample(CALIBRATION_FROM + i)),
    );
    return [];
  }
  const checkpoint = decodeCheckpoint(bytes, file);
  if (checkpoint.config !== JSON.stringify(config)) {
    throw new Error(
      `${file}: this checkpoint belongs to another configuration. Give another --out, or delete it.`,
    );
  }
  trainer.variables.load(checkpoint.variables);
  trainer.optimiser.load(checkpoint.step, checkpoint.optimiser);
  return [...checkpoint.losses];
}

/** Writes beside, then renames: a run killed while it saves keeps its last whole checkpoint. */
async function save(
  trainer: Trainer,
  config: TrainingConfig,
  losses: readonly number[],
  folder: string,
): Promise<void> {
  const bytes = encodeCheckpoint({
    step: trainer.step,
    config: JSON.stringify(config),
    losses,
    variables: await trainer.variables.read(),
    optimiser: trainer.optimiser.read(),
  });
  const file = checkpointFile(folder);
  await writeFile(`${file}.part`, bytes);
  await rename(`${file}.part`, file);
  const lines = losses.map((loss, index) => `${String(index + 1)},${loss.toFixed(6)}`);
  await writeFile(join(folder, 'losses.csv'), `step,loss\n${lines.join('\n')}\n`);
}

function checkpointFile(folder: string): string {
  return join(folder, 'checkpoint.bin');
}
