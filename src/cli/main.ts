/**
 * Entry of the command line: runs one command and turns errors into one line and an exit code. Only the command that
 * is called is loaded, so that help and mistyped names answer at once.
 */
import { Command, CommanderError } from 'commander';
import { callWords, checkOptions } from './call-words.ts';
import { CommandError } from './command.ts';
import { commands } from './command-list.ts';
import { addExamples } from './examples.ts';
import { codeVersion } from './package-info.ts';
import { commanderOutput, warn } from './terminal.ts';

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
    if (name === called) {
      (await load())(program);
      addExamples(program);
    } else program.command(name).summary(summary).description(summary);
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
