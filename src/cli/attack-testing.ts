/** For the attacks on commands: processes that are killed at random but fixed moments, and how often in which form. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { mulberry32 } from '../runtime/variables.ts';

/** `DUALSCOPE_ATTACK=long` runs the counts of docs/security.md. */
export const isLong = process.env.DUALSCOPE_ATTACK === 'long';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

const program = join(import.meta.dirname, '../../bin/dualscope.mjs');

/**
 * Runs the command line in a process of its own.
 * @param killAfterMs kills it by force after that time, if it still runs.
 * @param killWhen kills it as soon as this holds.
 */
export async function dualscope(
  words: readonly string[],
  killAfterMs = Infinity,
  killWhen: () => boolean = () => false,
): Promise<Ended> {
  const start = performance.now();
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer =
    killAfterMs === Infinity ? null : setTimeout(() => child.kill('SIGKILL'), Math.max(1, killAfterMs));
  const poll = setInterval(() => {
    if (killWhen()) child.kill('SIGKILL');
  }, 1);
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  clearInterval(poll);
  if (timer !== null) clearTimeout(timer);
  return { code, signal, stdout, stderr, ms: performance.now() - start };
}

/** Kills a command at random moments of its duration, then lets it end. */
export class Killer {
  /** Kills that hit a living process. */
  kills = 0;
  readonly #random: () => number;
  readonly #durationMs: number;

  /** @param durationMs of the undisturbed command. */
  constructor(seed: number, durationMs: number) {
    this.#random = mulberry32(seed);
    this.#durationMs = durationMs;
  }

  /** A moment in the command's duration, rarely in the start of the process, where nothing happens. */
  moment(): number {
    return (0.2 + 0.8 * this.#random()) * this.#durationMs;
  }

  async run(words: readonly string[], resume: readonly string[], times: number): Promise<Ended> {
    for (let i = 0; i < times; i++) {
      const { signal } = await dualscope([...words, ...(i === 0 ? [] : resume)], this.moment());
      if (signal === 'SIGKILL') this.kills++;
    }
    return dualscope([...words, ...resume]);
  }
}

/** The counts of an attack, for docs/security.md. */
export function report(attack: string, counts: object): void {
  if (isLong) process.stderr.write(`${attack}: ${JSON.stringify(counts)}\n`);
}
