/** `dualscope segment`: the app's segmentation without the app. */
import { shardText, type Shard } from '../segment/sub-plan.ts';
import type { AddCommand } from './command.ts';
import { backendOption } from './options.ts';
import { addPlanOptions, parseShard, reportBroken, resultText } from './segment-options.ts';
import type { SegmentCall, ShardResult } from './segment-run.ts';
import type { SegmentResult } from './segment-result.ts';

type SegmentOptions = Omit<SegmentCall, 'files'> & { readonly json?: boolean; readonly shard?: Shard };

/** Adds the command to the program. */
export const addSegmentCommand: AddCommand = (program) => {
  const command = program
    .command('segment')
    .description(
      'Segment a slide: class and confidence map as pyramidal TIFF, polygons as GeoJSON, areas per class, ' +
        'preview. Research use only.',
    );
  addPlanOptions(command)
    .option('--resume', 'continue an unfinished run; keep finished results as they are')
    .option('--overwrite', 'replace existing results')
    .option(
      '--shard <i/n>',
      'one of n jobs that share the slide, 1/n to n/n, in any order or at once; `dualscope merge` then writes the results',
      parseShard,
    )
    .addOption(backendOption())
    .addHelpText(
      'after',
      "\nExit codes: 0 done; 1 failed, or slices were skipped because the slide can't be read there (--resume\n" +
        'tries them again); 2 wrong options; 130 and 143 stopped (--resume continues).',
    )
    .action(async (files: string[], { json, shard, ...options }: SegmentOptions) => {
      const { segmentShard, segmentToFiles } = await import('./segment-run.ts');
      const { openFromCommandLine } = await import('./slide.ts');
      const slide = await openFromCommandLine(files);
      try {
        const call = { ...options, files };
        const [result, text] =
          shard === undefined
            ? withText(await segmentToFiles(slide, call), (done) => resultText(runText(done), done))
            : withText(await segmentShard(slide, call, shard), shardSummary);
        process.stdout.write(json === true ? `${JSON.stringify(result)}\n` : text);
        reportBroken(result, '--resume tries them again.');
      } finally {
        slide.close();
      }
    });
};

function withText<T>(result: T, text: (result: T) => string): [T, string] {
  return [result, text(result)];
}

function runText(result: SegmentResult | ShardResult): string {
  const earlier = result.slices - result.computed;
  return result.computed === 0
    ? `${result.slices} slices were already done`
    : `${result.computed} slices in ${result.seconds.toFixed(1)} s on ${result.backend}` +
        (earlier > 0 ? `, ${earlier} done before` : '');
}

function shardSummary(result: ShardResult): string {
  const head = `Shard ${shardText(result.shard)}: ${runText(result)}`;
  return `${head}. When all ${result.shard.of} are done: dualscope merge.\n${result.files.join('\n')}\n`;
}
