/** `dualscope reproduce`: trains and evaluates every row of the paper's tables, and prints them. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { makeFolder } from '../base/make-folder.node.ts';
import { withOutputLock } from '../base/output-lock.node.ts';
import { replaceFile } from '../base/replace-file.node.ts';
import {
  patientsInWords,
  recipeId,
  studyConfig,
  type StudyFold,
  studyRecipe,
  type StudyRecipe,
  type StudyRow,
  studyRows,
} from '../training/study/study-config.ts';
import { studies, type Study } from '../training/study/studies.ts';
import { type StudyResult, studyTables, summarise } from '../training/study/study-tables.ts';
import { CommandError, type AddCommand, wrongOptions } from './command.ts';
import { parseInteger, parseIntegers, parsePositive, parseShare } from './options.ts';
import { print, printJson } from './terminal.ts';

interface ReproduceCall extends StudyRecipe {
  readonly study: Study;
  readonly data: string;
  readonly weights?: string;
  readonly out: string;
  readonly results: string;
  readonly rows: readonly string[];
  readonly folds?: readonly number[];
  readonly seeds: readonly number[];
  readonly jobs: number;
  readonly tables?: boolean;
  readonly json?: boolean;
}

interface Run {
  readonly row: StudyRow;
  readonly fold: number;
  readonly seed: number;
  /** Folder for checkpoints, model and report. */
  readonly folder: string;
  /** File of the result, once the run has finished. */
  readonly resultFile: string;
}

/** Adds the command to the program. */
export const addReproduceCommand: AddCommand = (program) => {
  program
    .command('reproduce')
    .description(
      "Train and evaluate every row of the paper's two tables, with folds by patient, and print the tables. Finished " +
        'runs are skipped; an interrupted run resumes from its last checkpoint.',
    )
    .requiredOption('--data <dir>', "folder of the study's dataset, with images/, masks4/ and index.csv")
    .addOption(
      new Option('--study <id>', 'dataset').choices(studies.map(({ id }) => id)).default(studies[0]!.id),
    )
    .option('--weights <dir>', 'folder with the folders of ImageNet weights')
    .option('--out <dir>', 'folder for the runs: checkpoints, models and reports', 'runs/study')
    .option('--results <dir>', 'folder for results, one small file per finished run', 'docs/study-results')
    .option(
      '--rows <ids>',
      `rows, comma-separated, from: ${studyRows.map(({ id }) => id).join(', ')}`,
      parseRows,
      allRows(),
    )
    .option('--folds <numbers>', 'folds, comma-separated (default: all)', parseIntegers(1))
    .option('--seeds <numbers>', 'seeds, comma-separated', parseIntegers(1), [1])
    .option('--steps <n>', 'steps per run', parseInteger(1), studyRecipe.steps)
    .option('--learning-rate <rate>', 'peak learning rate of AdamW', parsePositive, studyRecipe.learningRate)
    .option('--glass <share>', 'share of samples with synthetic glass, 0 to 1', parseShare, studyRecipe.glass)
    .option('--jobs <n>', 'number of parallel runs', parseInteger(1), os.availableParallelism())
    .option('--tables', 'only print the tables of the finished runs')
    .option('--json', 'print one JSON object')
    .action(({ study, ...call }: Omit<ReproduceCall, 'study'> & { study: string }) =>
      reproduce({ ...call, study: studies.find(({ id }) => id === study)! }),
    );
};

async function reproduce(call: ReproduceCall): Promise<void> {
  const runs = runsOf(call);
  if (call.tables !== true) {
    if (call.weights === undefined) {
      throw wrongOptions(
        'Every row except U-Net starts from ImageNet weights. Set --weights to the folder that contains resnet18-imagenet.',
      );
    }
    await runAll(runs, call, call.weights);
  }
  const found = await Promise.all(runs.map(resultOf));
  const results = found.filter((result) => result !== null);
  if (results.length === 0) {
    throw new CommandError(
      `${call.results}: no run of ${call.study.title} with this recipe (${recipeId(call)}) has finished yet.`,
    );
  }
  if (call.json === true) printJson({ rows: summarise(results), results });
  else print(studyTables(results, call.study, call));
}

/**
 * All runs, fold by fold, so that first tables are available early.
 * @throws CommandError when the study has no such fold.
 */
function runsOf({ study, rows, folds, seeds, out, results, ...recipe }: ReproduceCall): Run[] {
  const unknown = folds?.find((fold) => fold > study.foldCount);
  if (unknown !== undefined) {
    throw wrongOptions(
      `${study.title} has no fold ${String(unknown)}; folds are 1 to ${String(study.foldCount)}.`,
    );
  }
  return seeds.flatMap((seed) =>
    (folds ?? Array.from({ length: study.foldCount }, (_, i) => i + 1)).flatMap((fold) =>
      studyRows
        .filter(({ id }) => rows.includes(id))
        .map((row) => {
          const place = join(
            study.id,
            recipeId(recipe),
            `fold-${String(fold)}`,
            `${row.id}-seed-${String(seed)}`,
          );
          return { row, fold, seed, folder: join(out, place), resultFile: join(results, `${place}.json`) };
        }),
    ),
  );
}

/** The patients of one fold. @throws CommandError when the index of the data can't be read or lacks folds. */
async function foldOf(study: Study, data: string, number: number): Promise<StudyFold> {
  const file = join(data, 'index.csv');
  try {
    return { number, patients: study.foldsOf(await readFile(file, 'utf8'))[number - 1]! };
  } catch (error) {
    throw new CommandError(
      `${file}: ${(error as Error).message} Set --data to the folder of ${study.title}.`,
    );
  }
}

/**
 * Runs up to `call.jobs` runs in parallel.
 * @throws CommandError of the first run that fails, once the others in progress have finished.
 */
async function runAll(runs: readonly Run[], call: ReproduceCall, weights: string): Promise<void> {
  const waiting = [...runs];
  const work = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      if ((await resultOf(run)) !== null) continue;
      await makeFolder(run.folder);
      await withOutputLock(join(run.folder, 'reproduce.lock'), () => trainAndEvaluate(run, call, weights));
    }
  };
  const workers = Array.from({ length: Math.min(call.jobs, runs.length) }, work);
  for (const ended of await Promise.allSettled(workers)) {
    if (ended.status === 'rejected') throw ended.reason;
  }
}

async function trainAndEvaluate(
  { row, fold, seed, folder, resultFile }: Run,
  { study, data, jobs, ...recipe }: ReproduceCall,
  weights: string,
): Promise<void> {
  const held = await foldOf(study, data, fold);
  const config = studyConfig(study, row, held, seed, recipe);
  const file = join(folder, 'config.json');
  await replaceFile(file, `${JSON.stringify(config, null, 2)}\n`);
  const models = join(folder, 'model');
  // Runs in parallel share the cores.
  const threads = ['--threads', String(Math.max(1, Math.floor(os.availableParallelism() / jobs)))];
  const trained = JSON.parse(
    await dualscope([
      ...['train', '--config', file, '--data', data, '--weights', weights],
      ...['--run', folder, '--out', models, '--json', ...threads],
    ]),
  ) as { steps: number; seconds: number };
  const words = `${study.measuredOn}, ${patientsInWords(held)}, held out`;
  const evaluated = JSON.parse(
    await dualscope([
      ...['evaluate', '--model', join(models, config.id), '--data', data],
      ...['--record', words, '--html', join(folder, 'evaluation.html'), '--json'],
      ...threads,
    ]),
  ) as { confusion: number[][] };
  const result: StudyResult = {
    row: row.id,
    fold,
    seed,
    steps: trained.steps,
    seconds: trained.seconds,
    confusion: evaluated.confusion,
  };
  await makeFolder(dirname(resultFile));
  await replaceFile(resultFile, `${JSON.stringify(result)}\n`);
}

/** The result of a run; null until it has finished. */
async function resultOf({ resultFile }: Run): Promise<StudyResult | null> {
  const text = await readFile(resultFile, 'utf8').catch(() => null);
  if (text === null) return null;
  return JSON.parse(text) as StudyResult;
}

/**
 * Runs this program with other arguments.
 * @returns its standard output.
 * @throws CommandError when it fails.
 */
function dualscope(words: readonly string[]): Promise<string> {
  const program = join(import.meta.dirname, '..', '..', 'bin', 'dualscope.mjs');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    // When stopped, do not leave behind a training run that keeps writing.
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
      else reject(new CommandError(`"dualscope ${words.join(' ')}" failed; see the error above.`));
    });
  });
}

function allRows(): string[] {
  return studyRows.map(({ id }) => id);
}

function parseRows(text: string): string[] {
  const rows = text.split(',');
  const unknown = rows.find((id) => !studyRows.some((row) => row.id === id));
  if (unknown === undefined) return rows;
  throw new InvalidArgumentError(`There is no row "${unknown}".`);
}
