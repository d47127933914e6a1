/** `dualscope cohort`: many slides, one table and one gallery. `workflow/Snakefile` runs these commands in turn. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { withOutputLock } from '../base/output-lock.node.ts';
import { settingsSchema, type CohortSettings } from '../cohort/settings.ts';
import { planCohort } from './cohort/plan.ts';
import { reportCohort, reportText } from './cohort/report.ts';
import { mergeCohortSlide, segmentCohortShard, segmentCohortSlide } from './cohort/segment-slide.ts';
import { CommandError, type AddCommand } from './command.ts';
import { createFolder } from './create-folder.ts';
import { parseShard, threadsOption } from './options.ts';
import type { Shard } from '../segment/sub-plan.ts';
import { terminalText } from '../base/terminal-text.ts';
import { print, printJson, notify } from './terminal.ts';

/** Options of a slide's job. */
interface SlideOptions {
  readonly out: string;
  readonly slide: string;
}

interface SegmentOptions extends SlideOptions {
  readonly shard?: Shard;
  readonly threads?: number;
}

/** Adds the command to the program. */
export const addCohortCommand: AddCommand = (program) => {
  const cohort = program
    .command('cohort')
    .description(
      'Segment many slides: plan, one job per slide, table and gallery. The workflow runs these commands.',
    );
  cohort
    .command('plan')
    .summary('list the slides of a cohort and write a request for each')
    .description('List the slides of a cohort and write a request for each.')
    .requiredOption('--config <file>', 'settings (JSON); - reads stdin')
    .option('--symmetries', 'average over the eight orientations of each slice, in eight times the time')
    .action(async ({ config, symmetries }: { readonly config: string; readonly symmetries?: true }) => {
      const given = await readSettings(config);
      const settings = symmetries === true ? { ...given, symmetries } : given;
      await createFolder(settings.out, 'out');
      const waiting = { onWait: (holder: string) => log(`${holder} is planning this cohort. Waiting.`) };
      const plan = await withOutputLock(join(settings.out, 'plan.lock'), () => planCohort(settings), waiting);
      const count = `${plan.slides.length} ${plan.slides.length === 1 ? 'slide' : 'slides'}`;
      print(`Planned ${count} with ${terminalText(plan.model.id)}.\n`);
      for (const remark of plan.remarks) notify(remark);
    });
  cohort
    .command('segment')
    .summary('segment one slide of a planned cohort, continuing any unfinished run')
    .description('Segment one slide of a planned cohort, continuing any unfinished run.')
    .requiredOption('--out <dir>', 'folder of the cohort')
    .requiredOption('--slide <id>', 'slide id from plan.json')
    .option('--shard <i/n>', 'segment only shard i of n; combine them with cohort merge', parseShard)
    .addOption(threadsOption())
    .action(async ({ out, slide, shard, ...compute }: SegmentOptions) => {
      log(`Started on ${hostname()}.`);
      const job = { out, id: slide, log, ...compute };
      printJson(await (shard === undefined ? segmentCohortSlide(job) : segmentCohortShard(job, shard)));
    });
  cohort
    .command('merge')
    .summary('merge the shards of one slide of a planned cohort')
    .description('Merge the shards of one slide of a planned cohort.')
    .requiredOption('--out <dir>', 'folder of the cohort')
    .requiredOption('--slide <id>', 'slide id from plan.json')
    .action(async ({ out, slide }: SlideOptions) => {
      log(`Started on ${hostname()}.`);
      printJson(await mergeCohortSlide({ out, id: slide, log }));
    });
  cohort
    .command('report')
    .summary('write table and gallery of the slides finished so far')
    .description('Write cohort.csv, cohort.json and gallery/index.html for the slides finished so far.')
    .requiredOption('--out <dir>', 'folder of the cohort')
    .option('--json', 'print one JSON object')
    .action(async ({ out, json }: { readonly out: string; readonly json?: boolean }) => {
      const written = await reportCohort(out);
      const { rows: _rows, ...summary } = written;
      if (json === true) printJson(summary);
      else print(reportText(written));
    });
};

async function readSettings(file: string): Promise<CohortSettings> {
  const source = file === '-' ? text(process.stdin) : readFile(file, 'utf8');
  const content = await source.catch(() => {
    throw new CommandError(`${file}: Can't read the settings. Check the path.`);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    throw new CommandError(`${file}: The settings are not valid JSON.`);
  }
  const settings = settingsSchema.safeParse(parsed);
  if (settings.success) return settings.data;
  throw new CommandError(`${file}: ${z.prettifyError(settings.error).replaceAll('\n', ' ')}`);
}

/** Logs a line to stderr with the time. */
function log(line: string): void {
  notify(`${new Date().toISOString()} ${line}`);
}
