/**
 * Reproduces the shipped nano models: draws the phantom slides, trains nano-single, nano-add and
 * nano-attention (two at a time, one core each), exports them to models/ and measures them on slides never
 * trained on. Stopped runs go on where they were; `--fresh` starts anew.
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

const TRAIN = 'runs/phantom-train';
const TEST = 'runs/phantom-test';
const models = ['nano-attention', 'nano-add', 'nano-single'];

if (process.argv.includes('--fresh')) await rm('runs', { recursive: true, force: true });

await runAll([
  ['phantom', '--out', TRAIN, '--slides', '5', '--seed', '1'],
  ['phantom', '--out', TRAIN, '--slides', '5', '--seed', '6'],
  ['phantom', '--out', TEST, '--slides', '4', '--seed', '201'],
]);
await runAll(
  models.map((id) => [
    'train',
    '--config',
    `src/training/configs/${id}.json`,
    '--data',
    TRAIN,
    '--out',
    'models',
  ]),
);
await runAll(
  models.map((id) => [
    'evaluate',
    '--model',
    id,
    '--data',
    TEST,
    '--record',
    'phantom slides of seeds 201 to 204, never trained on, pooled (synthetic)',
  ]),
);

/**
 * Runs the calls of `dualscope`, one per core at a time. Exits with the first failure.
 * @param {string[][]} calls
 */
async function runAll(calls) {
  const waiting = [...calls];
  const worker = async () => {
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) await dualscope(call);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), calls.length) }, worker));
}

/** @param {string[]} words @returns {Promise<void>} */
function dualscope(words) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['bin/dualscope.mjs', ...words], { stdio: 'inherit' });
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else process.exit(code ?? 1);
    });
  });
}
