/**
 * A child process that trains on request, so that runs of several programs can alternate. It reads one command a line and
 * answers each with one line of JSON:
 * - `steps N` takes N steps: `{ "seconds": [N numbers], "cpuSeconds": [N numbers], "losses": [N numbers] }`
 * - `memory`: `{ "peakMB": its largest resident set so far }`
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface Steps {
  readonly seconds: readonly number[];
  /** Processor time of all threads. */
  readonly cpuSeconds: readonly number[];
  readonly losses: readonly number[];
}

export class Peer {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(program: string, args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, ...variables };
    this.#child = spawn(program, [...args], { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** @throws Error when the process has ended. */
  async ask<T>(command: string): Promise<T> {
    this.#child.stdin.write(`${command}\n`);
    const line = await this.#lines.next();
    if (line.done === true) {
      throw new Error(`${this.#child.spawnargs.join(' ')} ended before it answered "${command}".`);
    }
    return JSON.parse(line.value) as T;
  }

  end(): void {
    this.#reader.close();
    this.#child.kill();
  }
}

/** Wall and processor time. */
export interface Times {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export async function timed(work: () => Promise<unknown>): Promise<Times> {
  const before = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}
