/** A training run on disk: resumes from its last checkpoint, saves now and then, reports as it goes. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ValidationPoint } from '../evaluation/report/training-report.ts';
import type { Preset } from '../model/presets.ts';
import type { Weights } from '../runtime/variables.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { Sample, SampleSource } from './sample.ts';
import { Trainer } from './trainer.ts';
import type { TrainingConfig } from './training-config.ts';

/** Samples that set the batch norms' statistics, in batches. */
const calibrationSamples = 16;
/** Sample numbers of the calibration, away from those of the steps. */
const calibrationFrom = 1_000_000_000;

export interface TrainingRunOptions {
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly samples: SampleSource;
  /** Weights that a fresh run starts from; what they lack starts at random. */
  readonly pretrained?: Weights;
  /** Folder of the run: `checkpoint.bin`, `best.bin` and `losses.csv`. */
  readonly folder: string;
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** Threads that compute parts of each batch; 1 by default. */
  readonly threads?: number;
  /** Measures weights on the validation patients; needed where the configuration names some. */
  readonly validate?: (weights: Weights, step: number) => Promise<ValidationPoint>;
  /** Stops after this step even when the configuration asks for more, leaving a checkpoint. */
  readonly stopAfter?: number;
  readonly onStep?: (progress: { step: number; steps: number; loss: number; resumedAt: number }) => void;
}

export interface TrainedNetwork {
  /** Steps taken, whatever weights were kept. */
  readonly steps: number;
  readonly losses: readonly number[];
  readonly validation: readonly ValidationPoint[];
  /** The step of the kept weights, by validation; null where the last ones are kept. */
  readonly keptStep: number | null;
  readonly weights: Weights;
  /** Time that the steps took, those before an interruption included. */
  readonly seconds: number;
}

interface Progress {
  readonly losses: number[];
  readonly validation: ValidationPoint[];
  /** Time that the steps of earlier sessions took. */
  readonly earlierSeconds: number;
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
    const progress = await restore(trainer, options);
    await trainer.startThreads(options.threads ?? 1);
    const resumedAt = trainer.step;
    const start = performance.now();
    const seconds = (): number => progress.earlierSeconds + (performance.now() - start) / 1000;
    const last = Math.min(config.steps, options.stopAfter ?? Infinity);
    while (trainer.step < last) {
      const first = trainer.step * config.batch;
      const loss = await trainer.train(await drawBatch(samples, first, config.batch));
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
    await trainer.dispose();
  }
}

/** Samples of consecutive numbers; all are asked for before the first is waited for. */
export async function drawBatch(samples: SampleSource, first: number, count: number): Promise<Sample[]> {
  const asked = Array.from({ length: count }, async (_, i) => samples.sample(first + i));
  return Promise.all(asked);
}

/** The point of the highest mIoU, the earliest of equals; null when none was measured. */
export function bestPoint(points: readonly ValidationPoint[]): ValidationPoint | null {
  let best: ValidationPoint | null = null;
  for (const point of points) {
    if (point.miou !== null && (best === null || point.miou > (best.miou ?? -1))) best = point;
  }
  return best;
}

/** Measures where the configuration says so, and keeps the best weights. @returns whether it did. */
async function validate(
  trainer: Trainer,
  { validation }: Progress,
  { config, folder, validate: measure }: TrainingRunOptions,
): Promise<boolean> {
  if (config.validation === undefined) return false;
  if (measure === undefined) throw new Error('The configuration validates, but nothing was given that does.');
  const { step } = trainer;
  if (step % config.validation.every !== 0 && step !== config.steps) return false;
  const variables = await trainer.variables.read();
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
  if (best === null) return { weights: await trainer.variables.read(), keptStep: null };
  const file = bestFile(folder);
  return { weights: decodeCheckpoint(await readFile(file), file).variables, keptStep: best.step };
}

/** Brings the trainer to the last checkpoint, or starts a fresh one. @returns what was measured so far. */
async function restore(
  trainer: Trainer,
  { config, samples, folder, pretrained }: TrainingRunOptions,
): Promise<Progress> {
  const file = join(folder, 'checkpoint.bin');
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) {
    trainer.initialise(await drawBatch(samples, calibrationFrom, calibrationSamples), pretrained);
    return { losses: [], validation: [], earlierSeconds: 0 };
  }
  const checkpoint = decodeCheckpoint(bytes, file);
  if (whatIsTrained(JSON.parse(checkpoint.config) as TrainingConfig) !== whatIsTrained(config)) {
    throw new Error(
      `${file}: this checkpoint belongs to another configuration. Give another --run, or delete it.`,
    );
  }
  trainer.load(checkpoint.step, checkpoint.variables, checkpoint.optimiser);
  const { losses, validation, seconds } = checkpoint;
  return { losses: [...losses], validation: [...validation], earlierSeconds: seconds };
}

/** The configuration without the words that an exported model carries: they change nothing of the training. */
function whatIsTrained(config: TrainingConfig): string {
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
    variables: await trainer.variables.read(),
    optimiser: trainer.optimiser.read(),
  });
  await replaceFile(join(folder, 'checkpoint.bin'), bytes);
  const lines = losses.map((loss, index) => `${String(index + 1)},${loss.toFixed(6)}`);
  await writeFile(join(folder, 'losses.csv'), `step,loss\n${lines.join('\n')}\n`);
}

/** Writes beside, then renames: a run killed while it saves keeps its last whole checkpoint. */
async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${file}.part`, bytes);
  await rename(`${file}.part`, file);
}

function bestFile(folder: string): string {
  return join(folder, 'best.bin');
}
