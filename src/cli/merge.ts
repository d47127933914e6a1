/** `dualscope merge`: the shards of a slide put together. */
import type { AddCommand } from './command.ts';
import { mergeToFiles, type MergeCall } from './merge-run.ts';
import { parseWhole } from './numbers.ts';
import { addPlanOptions, resultText, tellBroken } from './segment-options.ts';
import { openFromCommandLine } from './slide.ts';

/** Adds the command to the program. */
export const addMergeCommand: AddCommand = (program) => {
  const command = program
    .command('merge')
    .description(
      'put the shards of a slide together (`segment --shard`): the same files, byte by byte, that `segment` writes ' +
        'without shards. Give the same slide and options.',
    );
  addPlanOptions(command)
    .option('--shards <n>', 'how many shards there are; told by their files', parseWhole(1))
    .option('--overwrite', 'replace results, whatever they are of')
    .addHelpText(
      'after',
      '\nShards stay where they are. Results that are whole already are kept as they are.\n' +
        'Exit codes: 0 done; 1 failed, shards are missing, or slices are left out because the slide can not be read\n' +
        'there (`segment --shard i/n --resume` tries them again); 2 wrong options.',
    )
    .action(async (files: string[], { json, ...call }: MergeCall & { readonly json?: boolean }) => {
      const slide = await openFromCommandLine(files);
      try {
        const result = await mergeToFiles(slide, call);
        const head =
          result.computed === 0
            ? `${result.slices} slices were merged already`
            : `${result.slices} slices merged`;
        process.stdout.write(json === true ? `${JSON.stringify(result)}\n` : resultText(head, result));
        tellBroken(result, 'Their shards with --resume try them again; then merge again.');
      } finally {
        slide.close();
      }
    });
};
