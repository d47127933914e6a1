/** Runs calls of the command line in parallel, one per core. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * Runs the jobs, as many at a time as there are cores. The first failure exits the process.
 * @param {readonly (readonly (readonly string[])[])[]} jobs each a list of calls to run one after the other
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
 * Words that give each of `count` jobs its share of the cores. Trainings in parallel with one thread each finish sooner
 * than one after the other on all cores: the operations of small networks are too short to divide.
 * @param {number} count @returns {string[]}
 */
export function sharedThreads(count) {
  return ['--threads', String(Math.max(1, Math.floor(availableParallelism() / count)))];
}

/**
 * Makes one call. Returns its standard output if `capture` is set.
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
