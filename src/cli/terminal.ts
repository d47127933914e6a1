/**
 * What the commands print. Results go to stdout, progress and problems to stderr. Nothing else writes to either, so that no
 * text from a file reaches a terminal or a log unencoded (`base/terminal-text.ts`).
 */
import { terminalJson, terminalLines, terminalText } from '../base/terminal-text.ts';

/** Prints lines on stdout. Names within them have gone through `terminalText`, so that they stay on their line. */
export function print(lines: string): void {
  process.stdout.write(terminalLines(lines));
}

/** Prints one JSON value on stdout. */
export function printJson(value: unknown, space?: number): void {
  process.stdout.write(`${terminalJson(value, space)}\n`);
}

/** For progress bars, which move the cursor. What they name has gone through `terminalText`. */
export const progressStream = process.stderr;

/** For Commander, whose messages about options repeat what was given. */
export const commanderOutput = {
  writeOut: print,
  writeErr: (lines: string): void => {
    process.stderr.write(terminalLines(lines));
  },
};

/** Reports one line on stderr. */
export function notify(line: string): void {
  process.stderr.write(`${terminalText(line)}\n`);
}

/** Reports one line on stderr, as the program. */
export function warn(line: string): void {
  notify(`dualscope: ${line}`);
}
