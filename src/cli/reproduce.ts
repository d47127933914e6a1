/** `dualscope reproduce`: trains and evaluates every row of the paper's tables, and prints them. */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import {
  STUDY_STEPS,
  studyConfig,
  studyFolds,
  studyRows,
  type StudyRecipe,
  type StudyRow,
} from '../training/study/study-rows.ts';
import type { StudyResult } from '../training/study/study-results.ts';
import { studyTables, summarise } from '../training/study/study-tables.ts';
import { CommandError, type AddCommand } from './command.ts';
import { parseShare, parseWhole } from './numbers.ts';

interface ReproduceCall {
  readonly data: string;
  readonly weights?: string;
  readonly out: string;
  readonly results: string;
  readonly rows: readonly string[];
  readonly folds: readonly number[];
  readonly seeds: readonly number[];
  readonly steps: number;
  readonly glass: number;
  readonly jobs: number;
  readonly tables?: boolean;
  readonly json?: boolean;
}

interface Run {
  readonly row: StudyRow;
  readonly fold: number;
  readonly seed: number;
  /** Of its checkpoints, its model and its report. */
  readonly folder: string;
  /** What it gave, once it is done. */
  readonly resultFile: string;
}

/** Adds the command to the program. */
export const addReproduceCommand: AddCommand = (program) => {
  program
    .command('reproduce')
    .description(
      "Train and evaluate every row of the paper's two tables on GlaS, folds by patient, and print the tables. Runs that " +
        'are done are not done again; a run that was stopped goes on from its last checkpoint.',
    )
    .requiredOption('--data <dir>', 'folder of GlaS: images/, masks4/, index.csv')
    .option('--weights <dir>', 'folder that holds the folders of ImageNet weights')
    .option('--out <dir>', 'folder of the runs: checkpoints, models, reports', 'runs/study')
    .option('--results <dir>', 'folder of what finished runs gave, a small file each', 'docs/study-results')
    .option('--rows <ids>', `some of: ${studyRows.map(({ id }) => id).join(', ')}`, parseRows, allRows())
    .option('--folds <numbers>', 'folds, by comma', parseNumbers, allFolds())
    .option('--seeds <numbers>', 'seeds, by comma', parseNumbers, [1])
    .option('--steps <n>', 'steps of each run', parseWhole(1), STUDY_STEPS)
    .option('--glass <share>', 'share of samples that get glass drawn into them, 0 to 1', parseShare, 0)
    .option('--jobs <n>', 'runs at a time', parseWhole(1), os.availableParallelism())
    .option('--tables', 'only print the tables of what has been run so far')
    .option('--json', 'one JSON object on stdout')
    .action(reproduce);
};

async function reproduce(call: ReproduceCall): Promise<void> {
  const runs = runsOf(call);
  if (call.tables !== true) {
    if (call.weights === undefined) {
      throw new CommandError(
        'Every row but U-Net starts from ImageNet weights. Say with --weights which folder holds resnet18-imagenet.',
      );
    }
    await runAll(runs, call, call.weights);
  }
  const found = await Promise.all(runs.map((run) => resultOf(run, call)));
  const results = found.filter((result) => result !== null);
  if (results.length === 0) {
    throw new CommandError(
      `${call.results}: no run of ${String(call.steps)} steps with a share of glass of ${String(call.glass)} has finished yet.`,
    );
  }
  const names = studyConfig(studyRows[0]!, 1, 1, call).classes.map(({ name }) => name);
  process.stdout.write(
    call.json === true
      ? `${JSON.stringify({ rows: summarise(results), results })}\n`
      : studyTables(results, names),
  );
}

/** Fold by fold, so that the first tables are there early. */
function runsOf({ rows, folds, seeds, out, results }: ReproduceCall): Run[] {
  return seeds.flatMap((seed) =>
    folds.flatMap((fold) =>
      studyRows
        .filter(({ id }) => rows.includes(id))
        .map((row) => ({
          row,
          fold,
          seed,
          folder: join(out, `fold-${String(fold)}`, `${row.id}-seed-${String(seed)}`),
          resultFile: join(results, `fold-${String(fold)}`, `${row.id}-seed-${String(seed)}.json`),
        })),
    ),
  );
}

/** @throws CommandError with the first run that fails; the others that have begun are finished. */
async function runAll(runs: readonly Run[], call: ReproduceCall, weights: string): Promise<void> {
  const waiting = [...runs];
  const work = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      if ((await resultOf(run, call)) === null) await trainAndEvaluate(run, call, weights);
    }
  };
  const workers = Array.from({ length: Math.min(call.jobs, runs.length) }, work);
  for (const ended of await Promise.allSettled(workers)) {
    if (ended.status === 'rejected') throw ended.reason;
  }
}

async function trainAndEvaluate(
  { row, fold, seed, folder, resultFile }: Run,
  { data, steps, glass }: ReproduceCall,
  weights: string,
): Promise<void> {
  const config = studyConfig(row, fold, seed, { steps, glass });
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'config.json');
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`);
  const models = join(folder, 'model');
  const trained = JSON.parse(
    await dualscope([
      ...['train', '--config', file, '--data', data, '--weights', weights],
      ...['--run', folder, '--out', models, '--json'],
    ]),
  ) as { steps: number; seconds: number };
  const words = `GlaS, patients ${config.data?.heldOutPatients?.join(', ') ?? ''}, never trained on`;
  const evaluated = JSON.parse(
    await dualscope([
      ...['evaluate', '--model', join(models, config.id), '--data', data],
      ...['--record', words, '--html', join(folder, 'evaluation.html'), '--json'],
    ]),
  ) as { confusion: number[][] };
  const result: StudyResult = {
    row: row.id,
    fold,
    seed,
    steps: trained.steps,
    ...(glass === 0 ? {} : { glass }),
    seconds: trained.seconds,
    confusion: evaluated.confusion,
  };
  await mkdir(dirname(resultFile), { recursive: true });
  await writeFile(resultFile, `${JSON.stringify(result)}\n`);
}

/** What the run gave by that recipe; null while it is not done. */
async function resultOf({ resultFile }: Run, { steps, glass }: StudyRecipe): Promise<StudyResult | null> {
  const text = await readFile(resultFile, 'utf8').catch(() => null);
  if (text === null) return null;
  const result = JSON.parse(text) as StudyResult;
  return result.steps === steps && (result.glass ?? 0) === glass ? result : null;
}

/** This program with other words. @returns its standard output; @throws CommandError when it fails. */
function dualscope(words: readonly string[]): Promise<string> {
  const program = join(import.meta.dirname, '..', '..', 'bin', 'dualscope.mjs');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    // A stopped program must not leave a training behind that writes on.
    const stop = (signal: NodeJS.Signals): void => {
      child.kill(signal);
      process.exitCode = signal === 'SIGINT' ? 130 : 143;
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    let output = '';
    child.stdout.on('data', (text) => (output += String(text)));
    child.on('close', (code) => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      if (code === 0) resolve(output);
      else reject(new CommandError(`"dualscope ${words.join(' ')}" failed; it says why above.`));
    });
  });
}

function allRows(): string[] {
  return studyRows.map(({ id }) => id);
}

function allFolds(): number[] {
  return studyFolds.map((_, i) => i + 1);
}

function parseRows(text: string): string[] {
  const rows = text.split(',');
  const unknown = rows.find((id) => !studyRows.some((row) => row.id === id));
  if (unknown === undefined) return rows;
  throw new InvalidArgumentError(`There is no row "${unknown}".`);
}

function parseNumbers(text: string): number[] {
  const values = text.split(',').map(Number);
  if (values.every((value) => Number.isInteger(value) && value >= 1)) return values;
  throw new InvalidArgumentError('Give whole numbers from 1 by comma, like 1,2.');
}
