/**
 * Entry of the command line: runs one command and turns errors into one line and an exit code. Only the command that
 * is called is loaded, so that help and mistyped names answer at once.
 */
import { Command, CommanderError } from 'commander';
import { callWords, checkOptions } from './call-words.ts';
import { CommandError, type AddCommand } from './command.ts';
import { codeVersion } from './package-info.ts';
import { commanderOutput, warn } from './terminal.ts';

interface ListedCommand {
  readonly name: string;
  /** One line in the list of commands; the command itself describes its details. */
  readonly summary: string;
  readonly load: () => Promise<AddCommand>;
}

const commands: readonly ListedCommand[] = [
  {
    name: 'bench',
    summary: 'measure the speed of the engine on this machine',
    load: async () => (await import('./bench.ts')).addBenchCommand,
  },
  {
    name: 'cohort',
    summary: 'segment many slides: plan, jobs, table and gallery',
    load: async () => (await import('./cohort.ts')).addCohortCommand,
  },
  {
    name: 'compare',
    summary: 'test the difference between two evaluations',
    load: async () => (await import('./compare.ts')).addCompareCommand,
  },
  {
    name: 'dicom',
    summary: 'write annotations as DICOM SEG or ANN',
    load: async () => (await import('./dicom.ts')).addDicomCommand,
  },
  {
    name: 'domain',
    summary: 'measure how far images are from what a model was trained on',
    load: async () => (await import('./domain.ts')).addDomainCommand,
  },
  {
    name: 'evaluate',
    summary: 'measure a model against ground truth',
    load: async () => (await import('./evaluate.ts')).addEvaluateCommand,
  },
  {
    name: 'export',
    summary: 'write a model for other programs: ONNX, TF.js, safetensors',
    load: async () => (await import('./export.ts')).addExportCommand,
  },
  {
    name: 'merge',
    summary: 'merge the shards of a slide',
    load: async () => (await import('./merge.ts')).addMergeCommand,
  },
  {
    name: 'phantom',
    summary: 'write synthetic slides with ground truth',
    load: async () => (await import('./phantom.ts')).addPhantomCommand,
  },
  {
    name: 'reproduce',
    summary: 'train and measure every row of the study',
    load: async () => (await import('./reproduce.ts')).addReproduceCommand,
  },
  {
    name: 'segment',
    summary: 'segment a slide: class map, polygons, areas',
    load: async () => (await import('./segment.ts')).addSegmentCommand,
  },
  {
    name: 'serve',
    summary: 'serve the app on this machine',
    load: async () => (await import('./serve.ts')).addServeCommand,
  },
  {
    name: 'slide',
    summary: 'show what a slide file contains; export a region',
    load: async () => (await import('./slide.ts')).addSlideCommand,
  },
  {
    name: 'train',
    summary: 'train a network and export it as a model',
    load: async () => (await import('./train.ts')).addTrainCommand,
  },
  {
    name: 'zoo',
    summary: 'list every network preset with its size and cost',
    load: async () => (await import('./zoo.ts')).addZooCommand,
  },
];

/** The command that a call is for, or asks help on; undefined if it names none. */
function calledName(words: readonly string[]): string | undefined {
  const [first, second] = words.filter((word) => !word.startsWith('-'));
  return first === 'help' ? second : first;
}

const program = new Command('dualscope')
  .description('Whole-slide images: read, segment with DA-RefineNet, train, evaluate. Research use only.')
  .version(await codeVersion(), '-V, --version', 'print the version')
  .helpOption('-h, --help', 'show help')
  .helpCommand('help [command]', 'show help for a command')
  .addHelpText('after', '\nOptions of a command: dualscope <command> --help')
  .configureHelp({
    // Only the called command knows its arguments; the list shows names alone.
    subcommandTerm: (command) => command.name(),
  })
  .configureOutput(commanderOutput)
  .hook('preAction', (_program, command) => {
    checkOptions(command.opts());
  })
  .exitOverride();

try {
  const words = callWords();
  const called = calledName(words);
  for (const { name, summary, load } of commands) {
    if (name === called) (await load())(program);
    else program.command(name).summary(summary).description(summary);
  }
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    warn(error instanceof Error ? error.message : String(error));
    process.exitCode = error instanceof CommandError ? error.exitCode : 1;
  }
}
