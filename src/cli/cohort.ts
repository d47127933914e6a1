/** `dualscope cohort`: many slides, one table and one gallery. `workflow/Snakefile` calls these in turn. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { settingsSchema, type CohortSettings } from '../cohort/settings.ts';
import { planCohort } from './cohort/plan.ts';
import { reportCohort, type CohortReport } from './cohort/report.ts';
import { mergeOfCohort, segmentOfCohort, shardOfCohort } from './cohort/segment-slide.ts';
import { CommandError, type AddCommand } from './command.ts';
import { parseShard } from './segment-options.ts';
import type { Shard } from '../segment/sub-plan.ts';

/** Words of a job. */
interface SlideWords {
  readonly out: string;
  readonly slide: string;
}

/** Adds the command to the program. */
export const addCohortCommand: AddCommand = (program) => {
  const cohort = program
    .command('cohort')
    .description('many slides: plan, segment one by one, table and gallery. The workflow calls these.');
  cohort
    .command('plan')
    .description('list the slides of a cohort and what is to be done with each')
    .requiredOption('--config <file>', 'settings as JSON; - reads them from stdin')
    .action(async ({ config }: { readonly config: string }) => {
      const plan = await planCohort(await readSettings(config));
      process.stdout.write(
        `${plan.model.id} on ${plan.slides.length} ${plan.slides.length === 1 ? 'slide' : 'slides'}.\n`,
      );
    });
  cohort
    .command('segment')
    .description('segment one slide of a planned cohort; goes on where an earlier try has stopped')
    .requiredOption('--out <dir>', 'folder of the cohort')
    .requiredOption('--slide <id>', 'its id in plan.json')
    .option(
      '--shard <i/n>',
      'one of n jobs that share the slide; cohort merge puts them together',
      parseShard,
    )
    .action(async ({ out, slide, shard }: SlideWords & { readonly shard?: Shard }) => {
      say(`Begun on ${hostname()}.`);
      const job = { out, id: slide, say };
      print(await (shard === undefined ? segmentOfCohort(job) : shardOfCohort(job, shard)));
    });
  cohort
    .command('merge')
    .description('put the shards of a slide of a planned cohort together')
    .requiredOption('--out <dir>', 'folder of the cohort')
    .requiredOption('--slide <id>', 'its id in plan.json')
    .action(async ({ out, slide }: SlideWords) => {
      say(`Begun on ${hostname()}.`);
      print(await mergeOfCohort({ out, id: slide, say }));
    });
  cohort
    .command('report')
    .description('write cohort.csv, cohort.json and gallery/index.html from what is finished')
    .requiredOption('--out <dir>', 'folder of the cohort')
    .option('--json', 'one JSON object on stdout')
    .action(async ({ out, json }: { readonly out: string; readonly json?: boolean }) => {
      const report = await reportCohort(out);
      const { rows: _rows, ...short } = report;
      process.stdout.write(json === true ? `${JSON.stringify(short)}\n` : summaryText(report));
    });
};

async function readSettings(file: string): Promise<CohortSettings> {
  const source = file === '-' ? text(process.stdin) : readFile(file, 'utf8');
  const content = await source.catch(() => {
    throw new CommandError(`${file}: The settings can't be read. Check the path.`);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    throw new CommandError(`${file}: The settings are no JSON.`);
  }
  const settings = settingsSchema.safeParse(parsed);
  if (settings.success) return settings.data;
  throw new CommandError(`${file}: ${z.prettifyError(settings.error).replaceAll('\n', ' ')}`);
}

/** One JSON object on stdout. */
function print(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** A line of a log, with the time. */
function say(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

function summaryText({ title, slides, statuses, rows, files }: CohortReport): string {
  const told = [
    `${statuses.done} done`,
    statuses.partial > 0 ? `${statuses.partial} in part` : '',
    statuses.failed > 0 ? `${statuses.failed} failed` : '',
    statuses.stopped > 0 ? `${statuses.stopped} stopped` : '',
    statuses.unfinished > 0 ? `${statuses.unfinished} unfinished` : '',
  ].filter((part) => part !== '');
  const troubles = rows.filter(({ status }) => status !== 'done');
  return [
    `${title}: ${slides} ${slides === 1 ? 'slide' : 'slides'}: ${told.join(', ')}. Research use only.`,
    ...troubles.slice(0, 20).map(({ name, status, error }) => `  ${status}: ${name}: ${error ?? ''}`),
    ...(troubles.length > 20 ? [`  and ${troubles.length - 20} more`] : []),
    ...files.slice(0, 3),
    '',
  ].join('\n');
}
