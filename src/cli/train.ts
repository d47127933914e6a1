/**
 * `dualscope train`: trains a preset on images with ground truth, resumes, exports the model and writes a
 * report.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { withOutputLock, type OutputLock } from '../base/output-lock.node.ts';
import { replaceFile } from '../base/replace-file.node.ts';
import type { Comparison } from '../evaluation/comparison.ts';
import type { Preset } from '../model/presets.ts';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import { startNodeBackend, type NodeBackend } from '../runtime/native/start-backend.node.ts';
import { exportRun, rejectForeignFolder, writeModel } from '../training/export-run.ts';
import { itemsFor, openSamples } from '../training/open-samples.ts';
import { loadOrt } from '../training/step/step-session.node.ts';
import { SampleThreads } from '../training/sample-threads.ts';
import { trainingConfigSchema, type TrainingConfig } from '../training/training-config.ts';
import { bestPoint, drawBatch, runTraining, type TrainedNetwork } from '../training/training-run.ts';
import { CommandError, type AddCommand } from './command.ts';
import { createFolder } from './create-folder.ts';
import { parseInteger, threadsOption, trainingBackendOption } from './options.ts';
import { dataPart, exampleSlices, runReport, validateWeights } from './train-report.ts';
import { trainingStart, type TrainingStart } from './train-start.ts';
import { codeVersion } from './package-info.ts';
import { terminalText } from '../base/terminal-text.ts';
import { print, printJson, progressStream, notify } from './terminal.ts';

interface TrainCall {
  readonly config: string;
  readonly data: string;
  readonly out: string;
  readonly run?: string;
  readonly weights?: string;
  readonly models: string;
  readonly backend: 'cpu' | 'cuda' | 'webgpu';
  readonly threads?: number;
  readonly stopAfter?: number;
  readonly checkpointEvery: number;
  readonly json?: boolean;
}

/** First number of the samples that check the exported model; far from the numbers that training uses. */
const unseenFrom = 2_000_000_000;
const unseenCount = 16;
/**
 * Steps from which ONNX Runtime's optimisation of a graph, seconds of a core, pays. By the length of the whole run, because an
 * optimised graph rounds otherwise: a run that is stopped resumes with the same one.
 */
const stepsWorthOptimising = 50;
/** Example slices in the report. */
const exampleCount = 8;

/** Adds the command to the program. */
export const addTrainCommand: AddCommand = (program) => {
  program
    .command('train')
    .description(
      'Train or fine-tune a network and export it as a model. The data are slides with annotation files, or images with index ' +
        'masks and index.csv. An interrupted run resumes from its last checkpoint. Writes report.html to the run folder.',
    )
    .requiredOption('--config <file>', 'configuration of the run (JSON)')
    .requiredOption('--data <dir>', 'folder with slides and annotations, or with images, masks and index.csv')
    .option('--out <dir>', 'folder for the model, which is written to <dir>/<id>', 'models')
    .option('--run <dir>', 'folder for checkpoints, losses and the report (default: runs/<id>)')
    .option('--weights <dir>', 'folder with the folders of ImageNet weights')
    .option('--models <dir>', 'folder with the models to fine-tune', 'models')
    .addOption(threadsOption())
    .addOption(trainingBackendOption())
    .option('--checkpoint-every <steps>', 'steps between checkpoints', parseInteger(1), 50)
    .option('--stop-after <step>', 'stop after this step with a checkpoint; do not export', parseInteger(1))
    .option('--json', 'print one JSON object')
    .action(train);
};

async function train(call: TrainCall): Promise<void> {
  // TF.js exports; ONNX Runtime trains and measures.
  await initialiseNodeBackend('wasm');
  await loadOrt();
  const started = await trainingStart(await readConfig(call.config), call);
  const folder = call.run ?? join('runs', started.config.id);
  if (call.stopAfter === undefined) await rejectForeignFolder(join(call.out, started.config.id));
  await createFolder(folder, '--run');
  await withOutputLock(join(folder, 'training.lock'), (lock) => trainLocked(call, started, folder, lock));
}

async function trainLocked(
  call: TrainCall,
  { config, preset, pretrained }: TrainingStart,
  folder: string,
  lock: OutputLock,
): Promise<void> {
  const threads = call.threads ?? availableParallelism();
  // Where it trains, for a large network takes minutes per validation on a processor.
  const backend = await startNodeBackend(call.backend, [], { threads });
  const loadModel: NodeBackend['loadModel'] = (...model) => backend.loadModel(...model);
  const open = { config, preset, data: call.data };
  const samples = await SampleThreads.start(
    open,
    sampleThreads(call.backend, threads),
    2 * config.batch,
    notify,
  );
  try {
    const start = performance.now();
    const validationItems = config.validation === undefined ? [] : await itemsFor('validation', open);
    let validated: Comparison | null = null;
    let resumedAt = config.steps;
    const trained = await withBar(config, (onStep) =>
      runTraining({
        preset,
        config,
        samples,
        pretrained,
        folder,
        session: { provider: call.backend, threads, optimise: config.steps >= stepsWorthOptimising },
        checkpointEvery: call.checkpointEvery,
        onNotice: notify,
        ...(call.stopAfter === undefined ? {} : { stopAfter: call.stopAfter }),
        onStep: (progress) => {
          lock.signal.throwIfAborted();
          resumedAt = progress.resumedAt;
          onStep(progress);
        },
        validate: async (weights, step) => {
          const unseen = await samples.sample(unseenFrom);
          const items = validationItems;
          return (await validateWeights({ loadModel, preset, config, items, unseen }, weights, step)).point;
        },
      }),
    );
    const sessionSeconds = (performance.now() - start) / 1000;
    const isWhole = trained.steps === config.steps;
    const modelFolder = join(call.out, config.id);
    if (isWhole) {
      const unseen = await drawBatch(samples, unseenFrom, unseenCount);
      const model = await exportRun({
        preset,
        config,
        weights: trained.weights,
        unseen: [unseen[0]!, ...unseen.slice(1)],
        steps: trained.keptStep ?? trained.steps,
        metrics: null,
        date: new Date().toISOString().slice(0, 10),
        codeVersion: await codeVersion(),
      });
      await lock.check();
      await writeModel(model, modelFolder);
      if (validationItems.length > 0) {
        const validator = { loadModel, preset, config, items: validationItems, unseen: unseen[0]! };
        validated = (await validateWeights(validator, trained.weights, trained.keptStep ?? trained.steps))
          .comparison;
      }
      await replaceFile(
        join(folder, 'report.html'),
        runReport({
          preset,
          config,
          trained,
          data: [
            dataPart('training', await itemsFor('training', open)),
            ...(validationItems.length > 0 ? [dataPart('validation', validationItems)] : []),
          ],
          validated,
          examples: await examplesOf(loadModel, modelFolder, call.data, preset, config, samples),
          seconds: trained.seconds,
          samplesPerSecond: ((trained.steps - resumedAt) * config.batch) / sessionSeconds,
          threads,
          backend: call.backend,
          codeVersion: await codeVersion(),
        }),
      );
    }
    report(call, config, trained, isWhole ? modelFolder : null);
  } finally {
    await samples.close();
  }
}

/** Threads that draw samples: one beside a processor that trains, more where a card does and needs hundreds a second. */
function sampleThreads(backend: TrainCall['backend'], threads: number): number {
  return backend === 'cpu' ? 1 : Math.max(1, Math.min(8, Math.floor(threads / 2)));
}

/** Example slices from validation patients, or if there are none, from the training images. */
async function examplesOf(
  loadModel: NodeBackend['loadModel'],
  modelFolder: string,
  data: string,
  preset: Preset,
  config: TrainingConfig,
  training: SampleThreads,
): Promise<Awaited<ReturnType<typeof exampleSlices>>> {
  const segmenter = await loadModel(config.id, fromFolder(modelFolder));
  try {
    const first = unseenFrom + unseenCount;
    if (config.validation === undefined) {
      const of = 'training image, slice not used in training';
      return await exampleSlices(training, segmenter, preset, config, { first, count: exampleCount, of });
    }
    const samples = await openSamples({ config, preset, data, purpose: 'validation' }, () => undefined);
    const of = 'validation';
    const examples = await exampleSlices(samples, segmenter, preset, config, {
      first,
      count: exampleCount,
      of,
    });
    samples.close();
    return examples;
  } finally {
    segmenter.dispose();
  }
}

function report(
  { json }: TrainCall,
  { id }: TrainingConfig,
  { steps, keptStep, validation, seconds }: TrainedNetwork,
  folder: string | null,
): void {
  const best = bestPoint(validation)?.miou ?? null;
  if (json === true) {
    printJson({ id, steps, keptStep, validationMiou: best, seconds, folder });
    return;
  }
  const kept =
    keptStep === null
      ? ''
      : `, with the weights of step ${String(keptStep)} (validation mIoU ${best?.toFixed(3) ?? '-'})`;
  print(
    folder === null
      ? `${terminalText(id)}: stopped after step ${String(steps)}; run the same command to resume\n`
      : `${terminalText(folder)}: exported after ${String(steps)} steps${kept}\n`,
  );
}

type OnStep = (progress: { step: number; steps: number; loss: number; resumedAt: number }) => void;

/** Shows progress on stderr during `work`. */
async function withBar<T>(config: TrainingConfig, work: (onStep: OnStep) => Promise<T>): Promise<T> {
  const bar = new SingleBar({
    format: `{id} [{bar}] {value}/{total} | loss {loss} | {rate} samples/s | {eta_formatted} left`,
    stream: progressStream,
    noTTYOutput: true,
    notTTYSchedule: 30_000,
  });
  bar.start(config.steps, 0, { loss: '-', rate: '-', id: terminalText(config.id) });
  const start = performance.now();
  let smooth: number | null = null;
  try {
    return await work(({ step, loss, resumedAt }) => {
      smooth = smooth === null ? loss : 0.95 * smooth + 0.05 * loss;
      const rate = ((step - resumedAt) * config.batch * 1000) / (performance.now() - start);
      bar.update(step, { loss: smooth.toFixed(3), rate: rate.toFixed(1) });
    });
  } finally {
    bar.stop();
  }
}

async function readConfig(file: string): Promise<TrainingConfig> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file}: can't be read as JSON (${(error as Error).message}).`);
  }
  const parsed = trainingConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CommandError(`${file}: "${issue?.path.join('.') ?? ''}" is not valid: ${issue?.message ?? ''}.`);
}
