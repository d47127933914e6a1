/**
 * Reproduces the shipped nano models: writes the phantom slides, trains nano-single, nano-add, nano-attention and
 * nano-aligned (as many at a time as there are cores, which they share), exports them to models/ and measures them on
 * held-out slides. Stopped runs resume; `--fresh` starts over.
 */
import { rm } from 'node:fs/promises';
import { runJobs, sharedThreads } from './dualscope-calls.mjs';

const TRAIN = 'runs/phantom-train';
const TEST = 'runs/phantom-test';
const MEASURED_ON = 'phantom slides of seeds 201 to 204, never trained on, pooled (synthetic)';
const models = ['nano-aligned', 'nano-attention', 'nano-add', 'nano-single'];

if (process.argv.includes('--fresh')) await rm('runs', { recursive: true, force: true });

await runJobs([
  [['phantom', '--out', TRAIN, '--slides', '5', '--seed', '1']],
  [['phantom', '--out', TRAIN, '--slides', '5', '--seed', '6']],
  [['phantom', '--out', TEST, '--slides', '4', '--seed', '201']],
]);
const threads = sharedThreads(models.length);
await runJobs(
  models.map((id) => [
    ['train', '--config', `src/training/configs/${id}.json`, '--data', TRAIN, '--out', 'models', ...threads],
    ['evaluate', '--model', id, '--data', TEST, '--record', MEASURED_ON, ...threads],
  ]),
);
