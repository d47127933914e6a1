/**
 * How every command of `dualscope` is written: a function that adds itself to the program. `main.ts`
 * lists them. Exit codes: 0 done, 1 the command failed on its input, 2 the words of the call are off,
 * 130 and 143 stopped by Ctrl+C and by SIGTERM.
 */
import type { Command } from 'commander';

export type AddCommand = (program: Command) => void;

/** A failure that the user can act on; printed to stderr as one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** @param exitCode 1, or 128 + n for a run that signal n has stopped. */
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
