/**
 * Reproduces the shipped nano models: writes the phantom slides, trains nano-single, nano-add, nano-attention and
 * nano-aligned (as many at a time as there are cores, which they share), exports them to models/ and measures them on
 * held-out slides. Stopped runs resume; `--fresh` starts over.
 */
import { rm } from 'node:fs/promises';
import { runJobs, sharedThreads } from './dualscope-calls.mjs';

const TRAIN = 'runs/phantom-train';
const TEST = 'runs/phantom-test';
const MEASURED_ON = 'phantom slides of seeds 201 to 204, held out, pooled (synthetic)';
/** The longest training first: on two cores, the last one to start is then short. */
const models = ['nano-add', 'nano-aligned', 'nano-attention', 'nano-single'];

if (process.argv.includes('--fresh')) await rm('runs', { recursive: true, force: true });

/** One slide a job, so that all cores draw until the last one. @param {string} out @param {number} first @param {number} count */
const phantoms = (out, first, count) =>
  Array.from({ length: count }, (_, i) => [['phantom', '--out', out, '--seed', String(first + i)]]);

await runJobs([...phantoms(TRAIN, 1, 10), ...phantoms(TEST, 201, 4)]);
const threads = sharedThreads(models.length);
await runJobs(
  models.map((id) => [
    ['train', '--config', `src/training/configs/${id}.json`, '--data', TRAIN, '--out', 'models', ...threads],
    ['evaluate', '--model', id, '--data', TEST, '--record', MEASURED_ON, ...threads],
  ]),
);
