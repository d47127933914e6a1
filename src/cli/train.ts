/** `dualscope train`: trains a preset on annotated slides, resumes, exports the model. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { presetById } from '../model/presets.ts';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { registerTrainingKernels } from '../runtime/gradients.ts';
import { ofPatients, openDataset } from '../training/datasets/open-dataset.ts';
import { exportRun, writeModel } from '../training/export-run.ts';
import type { LabelledImage } from '../training/labelled-image.ts';
import { prepareImage } from '../training/prepare-image.ts';
import { Sampler } from '../training/sampler.ts';
import { trainingConfigSchema, type TrainingConfig } from '../training/training-config.ts';
import { runTraining } from '../training/training-run.ts';
import { CommandError, type AddCommand } from './command.ts';
import { parseWhole } from './numbers.ts';
import { codeVersion } from './version.ts';

interface TrainCall {
  readonly config: string;
  readonly data: string;
  readonly out: string;
  readonly run?: string;
  readonly stopAfter?: number;
  readonly checkpointEvery: number;
  readonly json?: boolean;
}

/** Numbers of the samples that the exported model is checked on: far from those that training draws. */
const UNSEEN_FROM = 2_000_000_000;
const UNSEEN = 16;

/** Adds the command to the program. */
export const addTrainCommand: AddCommand = (program) => {
  program
    .command('train')
    .description(
      'Train a network and export it, on slides with ImageScope XML beside them or on images with index masks ' +
        '(index.csv). A run that was stopped goes on from its last checkpoint.',
    )
    .requiredOption('--config <file>', 'configuration of the run, JSON')
    .requiredOption('--data <dir>', 'folder of slides and their XML, or of images, masks and index.csv')
    .option('--out <dir>', 'folder of models; the model is written to <dir>/<id>', 'models')
    .option('--run <dir>', 'folder of checkpoints and losses; runs/<id> by default')
    .option('--checkpoint-every <steps>', 'steps between checkpoints', parseWhole(1), 50)
    .option('--stop-after <step>', 'stop there, leaving a checkpoint, without exporting', parseWhole(1))
    .option('--json', 'one JSON object on stdout')
    .action(async (call: TrainCall) => {
      const config = await readConfig(call.config);
      const preset = presetById(config.preset);
      await initialiseNodeBackend('wasm');
      registerTrainingKernels();
      const images = await loadImages(call.data, preset.sliceFieldUm / preset.slicePx, config);
      const samples = new Sampler(images, preset, config.sampling, config.seed);
      const bar = new SingleBar({
        format: `${config.id} [{bar}] {value}/{total} | loss {loss} | {rate} samples/s | {eta_formatted} left`,
        stream: process.stderr,
        noTTYOutput: true,
        notTTYSchedule: 30_000,
      });
      bar.start(config.steps, 0, { loss: '-', rate: '-' });
      const start = performance.now();
      let smooth: number | null = null;
      const trained = await runTraining({
        preset,
        config,
        samples,
        folder: call.run ?? join('runs', config.id),
        checkpointEvery: call.checkpointEvery,
        ...(call.stopAfter === undefined ? {} : { stopAfter: call.stopAfter }),
        onStep: ({ step, loss, resumedAt }) => {
          smooth = smooth === null ? loss : 0.95 * smooth + 0.05 * loss;
          const rate = ((step - resumedAt) * config.batch * 1000) / (performance.now() - start);
          bar.update(step, { loss: smooth.toFixed(3), rate: rate.toFixed(1) });
        },
      });
      bar.stop();
      const seconds = (performance.now() - start) / 1000;
      const isWhole = trained.steps === config.steps;
      const folder = join(call.out, config.id);
      if (isWhole) {
        const model = await exportRun({
          preset,
          config,
          weights: trained.weights,
          unseen: [
            samples.sample(UNSEEN_FROM),
            ...Array.from({ length: UNSEEN - 1 }, (_, i) => samples.sample(UNSEEN_FROM + 1 + i)),
          ],
          steps: trained.steps,
          metrics: null,
          date: new Date().toISOString().slice(0, 10),
          codeVersion: await codeVersion(),
        });
        await writeModel(model, folder);
      }
      const result = { id: config.id, steps: trained.steps, seconds, folder: isWhole ? folder : null };
      process.stdout.write(
        call.json === true
          ? `${JSON.stringify(result)}\n`
          : isWhole
            ? `${folder}: exported after ${String(trained.steps)} steps\n`
            : `${config.id}: stopped after step ${String(trained.steps)}; the same command goes on from there\n`,
      );
    });
};

async function readConfig(file: string): Promise<TrainingConfig> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file}: not a readable JSON file (${(error as Error).message}).`);
  }
  const parsed = trainingConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CommandError(`${file}: "${issue?.path.join('.') ?? ''}" is not valid: ${issue?.message ?? ''}.`);
}

async function loadImages(
  data: string,
  umPerPx: number,
  { classes, data: known }: TrainingConfig,
): Promise<LabelledImage[]> {
  const options = {
    classNames: classes.map(({ name }) => name),
    mpp: known?.mpp ?? null,
    classOfValue: known?.classOfValue ?? null,
  };
  const patients = { only: null, except: known?.heldOutPatients ?? [] };
  const items = ofPatients(await openDataset(data, options), patients, data);
  const images: LabelledImage[] = [];
  for (const item of items) {
    process.stderr.write(`reading ${item.image} (${String(images.length + 1)} of ${String(items.length)})\n`);
    images.push(await prepareImage(item, umPerPx));
  }
  return images;
}
