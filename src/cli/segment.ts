/** `dualscope segment`: segments a slide on the command line, with the app's engine. */
import { Option } from 'commander';
import { terminalText } from '../base/terminal-text.ts';
import { shardText, type Shard } from '../segment/sub-plan.ts';
import { isSlideName, slideSets } from '../base/slide-sets.ts';
import { namedFiles } from '../slide/slide-files.node.ts';
import { wrongOptions, type AddCommand } from './command.ts';
import { backendOption, parseShard, threadsOption } from './options.ts';
import { addPlanOptions, reportBroken, resultText } from './segment-options.ts';
import type { SegmentCall } from './segment-run.ts';
import type { ShardResult } from './segment-shard.ts';
import type { SegmentResult } from './segment-result.ts';
import { print, printJson } from './terminal.ts';

type SegmentOptions = Omit<SegmentCall, 'files'> & {
  readonly json?: boolean;
  readonly shard?: Shard;
  readonly contextChange?: boolean;
};

/** Adds the command to the program. */
export const addSegmentCommand: AddCommand = (program) => {
  const command = program
    .command('segment')
    .description(
      'Segment a slide. Writes class and confidence map (pyramidal TIFF), polygons (GeoJSON), areas per class and ' +
        'a preview. Research use only.',
    );
  addPlanOptions(command)
    .option('--resume', 'continue an unfinished run; keep complete results')
    .addOption(new Option('--overwrite', 'replace existing results').conflicts('resume'))
    .option(
      '--shard <i/n>',
      'segment only shard i of n; run shards in any order or in parallel, then `dualscope merge`',
      parseShard,
    )
    .addOption(
      new Option(
        '--context-change',
        'segment with the context and without it, and write where the class differs, with shares',
      ).conflicts(['shard', 'withoutContext']),
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 failed, or unreadable slices were skipped (--resume tries them again);\n' +
        '2 wrong options; 130 and 143 stopped by a signal (--resume continues).',
    )
    .action(async (files: string[], { json, shard, contextChange, ...options }: SegmentOptions) => {
      rejectSeveralSlides(files);
      const { segmentToFiles } = await import('./segment-run.ts');
      const { segmentShard } = await import('./segment-shard.ts');
      const { openFromCommandLine } = await import('./slide.ts');
      const slide = await openFromCommandLine(files);
      try {
        const call = { ...options, files };
        if (contextChange === true) {
          const { contextChangeText, segmentContextChange } = await import('./context-change-run.ts');
          const change = await segmentContextChange(slide, call);
          if (json === true) printJson(change);
          else print(terminalLines(contextChangeText(change)));
          reportBroken(change, '--resume tries them again.');
          return;
        }
        const [result, text] =
          shard === undefined
            ? withText(await segmentToFiles(slide, call), (done) => resultText(runText(done), done))
            : withText(await segmentShard(slide, call, shard), shardSummary);
        if (json === true) printJson(result);
        else print(text);
        reportBroken(result, '--resume tries them again.');
      } finally {
        slide.close();
      }
    });
};

/** @throws CommandError for several slides, which are a cohort. */
export function rejectSeveralSlides(files: readonly string[]): void {
  const isUrl = (file: string): boolean => /^https?:\/\//.test(file);
  const local = files.filter((file) => !isUrl(file));
  const { sets, others } = slideSets(namedFiles(local).map(({ place }) => ({ path: place })));
  // Several files of OME-TIFF may be one slide.
  const alone = others.filter(({ path }) => isSlideName(path) && !/\.ome\.tiff?$/i.test(path));
  const slides = files.length - local.length + sets.length + alone.length;
  if (slides < 2) return;
  throw wrongOptions(
    `These are ${slides} slides, and segment takes one. For many slides, one table and one gallery: dualscope cohort --help`,
  );
}

/** Names within come from files. */
function terminalLines(text: string): string {
  return text.split('\n').map(terminalText).join('\n');
}

function withText<T>(result: T, text: (result: T) => string): [T, string] {
  return [result, text(result)];
}

function runText(result: SegmentResult | ShardResult): string {
  const earlier = result.slices - result.computed;
  return result.computed === 0
    ? `All ${result.slices} slices were already done`
    : `${result.computed} ${result.computed === 1 ? 'slice' : 'slices'} in ${result.seconds.toFixed(1)} s on ${result.backend}` +
        (earlier > 0 ? `, ${earlier} from an earlier run` : '');
}

function shardSummary(result: ShardResult): string {
  const head = `Shard ${shardText(result.shard)}: ${runText(result)}`;
  return `${head}. When all ${result.shard.of} shards are done, run dualscope merge.\n${result.files.map(terminalText).join('\n')}\n`;
}
