/** `dualscope merge`: one result from the shards of a slide. */
import type { AddCommand } from './command.ts';
import type { MergeCall } from './merge-run.ts';
import { parseInteger } from './options.ts';
import { addPlanOptions, reportBroken, resultText } from './segment-options.ts';
import { print, printJson } from './terminal.ts';

/** Adds the command to the program. */
export const addMergeCommand: AddCommand = (program) => {
  const command = program
    .command('merge')
    .description(
      'Merge the shards of a slide (`segment --shard`). The files are identical, byte for byte, to those of an ' +
        'unsharded run. Give the slide and options that the shards were segmented with.',
    );
  addPlanOptions(command)
    .option('--shards <n>', 'number of shards (default: detected from their files)', parseInteger(1))
    .option('--overwrite', 'replace existing results')
    .addHelpText(
      'after',
      '\nKeeps the shards, and any complete results.\n' +
        'Exit codes: 0 done; 1 failed, shards are missing, or unreadable slices were skipped (`segment --shard i/n\n' +
        '--resume` tries them again); 2 wrong options.',
    )
    .action(async (files: string[], { json, ...call }: MergeCall & { readonly json?: boolean }) => {
      const { mergeToFiles } = await import('./merge-run.ts');
      const { openFromCommandLine } = await import('./slide.ts');
      const slide = await openFromCommandLine(files);
      try {
        const result = await mergeToFiles(slide, call);
        const head =
          result.computed === 0
            ? `All ${result.slices} slices were already merged`
            : `Merged ${result.slices} slices`;
        if (json === true) printJson(result);
        else print(resultText(head, result));
        reportBroken(result, 'Run their shards again with --resume, then merge again.');
      } finally {
        slide.close();
      }
    });
};
