/** Entry of the command line: registers every command and turns errors into one line and an exit code. */
import { Command, CommanderError } from 'commander';
import { addBenchCommand } from './bench.ts';
import { addCohortCommand } from './cohort.ts';
import { CommandError, type AddCommand } from './command.ts';
import { addCompareCommand } from './compare.ts';
import { addEvaluateCommand } from './evaluate.ts';
import { addMergeCommand } from './merge.ts';
import { addPhantomCommand } from './phantom.ts';
import { addReproduceCommand } from './reproduce.ts';
import { addSegmentCommand } from './segment.ts';
import { addSlideCommand } from './slide.ts';
import { addTrainCommand } from './train.ts';
import { addZooCommand } from './zoo.ts';

const commands: readonly AddCommand[] = [
  addBenchCommand,
  addCohortCommand,
  addCompareCommand,
  addEvaluateCommand,
  addMergeCommand,
  addPhantomCommand,
  addReproduceCommand,
  addSegmentCommand,
  addSlideCommand,
  addTrainCommand,
  addZooCommand,
];

const program = new Command('dualscope')
  .description('Whole-slide images: read, segment with DA-RefineNet, train, evaluate. Research use only.')
  .exitOverride();
for (const add of commands) add(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`dualscope: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof CommandError ? error.exitCode : 1;
  }
}
