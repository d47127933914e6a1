/** The other side of `GradientThreads`: a network of its own, brought to the shared weights before every part. */
import { parentPort, workerData } from 'node:worker_threads';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { registerTrainingKernels } from '../runtime/training-kernels.node.ts';
import type { WeightArray } from '../runtime/variables.ts';
import {
  viewsOf,
  type GradientAnswer,
  type GradientTask,
  type GradientThreadData,
} from './gradient-thread.ts';
import { NetworkGradient } from './network-gradient.ts';

const port = parentPort;
if (port === null) throw new Error('This file is the entry of a thread.');

const post = (answer: GradientAnswer): void => {
  port.postMessage(answer);
};
const failed = (error: unknown): void => {
  post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
};

try {
  const { preset, config, layout, weights, gradients, statistics } = workerData as GradientThreadData;
  await initialiseNodeBackend('wasm');
  await registerTrainingKernels();
  const network = new NetworkGradient(preset, config);
  network.variables.load(statistics);
  const shared = viewsOf(layout, weights);
  const out = viewsOf(layout, gradients);
  port.on('message', (task: GradientTask) => {
    computePart(task).then(post, failed);
  });
  post({ kind: 'ready' });

  async function computePart({ samples, dropoutSeed }: GradientTask): Promise<GradientAnswer> {
    network.variables.load(copies(shared));
    const part = await network.compute(samples, dropoutSeed);
    for (const [name, gradient] of part.gradients) out.get(name)!.data.set(gradient);
    const moving = [...(await network.variables.read((name) => statistics.has(name)))];
    return { kind: 'done', loss: part.loss, statistics: new Map(moving) };
  }
} catch (error) {
  failed(error);
}

/** TF.js takes no views of shared memory. */
function copies(views: ReadonlyMap<string, WeightArray>): Map<string, WeightArray> {
  return new Map(
    [...views].map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data) }]),
  );
}
