/**
 * The interface of the `dualscope` commands: each is a function that adds itself to the program. `main.ts` lists them.
 * Exit codes: 0 done; 1 failed; 2 wrong options; 130 and 143 stopped by Ctrl+C and SIGTERM.
 */
import type { Command } from 'commander';

export type AddCommand = (program: Command) => void;

/** A failure that the user can act on; printed to stderr as one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  /** @param exitCode 1; 2 for wrong options, see `wrongOptions`; or 128 + n when signal n stopped the run. */
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A call whose options can't be meant together, or lack one that the others need. */
export function wrongOptions(message: string): CommandError {
  return new CommandError(message, 2);
}
