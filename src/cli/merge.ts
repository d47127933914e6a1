/** `dualscope merge`: one result from the shards of a slide. */
import type { AddCommand } from './command.ts';
import type { MergeCall } from './merge-run.ts';
import { parseWhole } from './numbers.ts';
import { addPlanOptions, reportBroken, resultText } from './segment-options.ts';

/** Adds the command to the program. */
export const addMergeCommand: AddCommand = (program) => {
  const command = program
    .command('merge')
    .description(
      'Merge the shards of a slide (`segment --shard`) into the files, byte for byte, that `segment` writes without ' +
        'shards. Give the same slide and options.',
    );
  addPlanOptions(command)
    .option('--shards <n>', 'how many shards there are; counted by their files', parseWhole(1))
    .option('--overwrite', 'replace existing results')
    .addHelpText(
      'after',
      '\nShards are kept. Complete results are kept as they are.\n' +
        "Exit codes: 0 done; 1 failed, shards are missing, or slices were skipped because the slide can't be read\n" +
        'there (`segment --shard i/n --resume` tries them again); 2 wrong options.',
    )
    .action(async (files: string[], { json, ...call }: MergeCall & { readonly json?: boolean }) => {
      const { mergeToFiles } = await import('./merge-run.ts');
      const { openFromCommandLine } = await import('./slide.ts');
      const slide = await openFromCommandLine(files);
      try {
        const result = await mergeToFiles(slide, call);
        const head =
          result.computed === 0
            ? `${result.slices} slices were already merged`
            : `${result.slices} slices merged`;
        process.stdout.write(json === true ? `${JSON.stringify(result)}\n` : resultText(head, result));
        reportBroken(result, 'Run their shards again with --resume, then merge again.');
      } finally {
        slide.close();
      }
    });
};
