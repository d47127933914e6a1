/**
 * How every command of `dualscope` is written: a function that adds itself to the program. `main.ts`
 * lists them. Exit codes: 0 done, 1 the command failed on its input, 2 the words of the call are off.
 */
import type { Command } from 'commander';

export type AddCommand = (program: Command) => void;

/** A failure that the user can act on; printed to stderr as one line, exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
