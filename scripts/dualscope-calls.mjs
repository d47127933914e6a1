/** Runs several calls of the command line beside each other, one per core. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * Runs the jobs, as many at a time as there are cores. Exits the process with the first failure.
 * @param {readonly (readonly (readonly string[])[])[]} jobs each a list of calls that follow one another
 */
export async function runJobs(jobs) {
  const waiting = [...jobs];
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      for (const call of job) await dualscope(call);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, worker));
}

/**
 * One call; its standard output when `capture` is set.
 * @param {readonly string[]} words @param {{ capture?: boolean }} [options] @returns {Promise<string>}
 */
export function dualscope(words, { capture = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['bin/dualscope.mjs', ...words], {
      stdio: ['inherit', capture ? 'pipe' : 'inherit', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (text) => (output += String(text)));
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else process.exit(code ?? 1);
    });
  });
}
