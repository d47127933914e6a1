/** Entry of a gradient thread: a copy of the network that loads the shared weights before every part. */
import { serveNodeThread } from '../base/node-thread.node.ts';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { registerTrainingKernels } from '../runtime/training-kernels.node.ts';
import type { WeightArray } from '../runtime/variables.ts';
import { viewsOf, type GradientApi, type GradientSetup } from './gradient-thread.ts';
import { NetworkGradient } from './network-gradient.ts';

type ComputePart = (...args: Parameters<GradientApi['compute']>) => ReturnType<GradientApi['compute']>;

let computePart: ComputePart | null = null;

serveNodeThread<GradientApi>({
  start: async (_, setup) => {
    computePart = await createNetwork(setup);
  },
  compute: (_, samples, dropoutSeed) => {
    if (computePart === null) throw new Error('`compute` was called before `start`.');
    return computePart(samples, dropoutSeed);
  },
});

async function createNetwork({
  preset,
  config,
  layout,
  weights,
  gradients,
  statistics,
}: GradientSetup): Promise<ComputePart> {
  await initialiseNodeBackend('wasm');
  await registerTrainingKernels();
  const network = new NetworkGradient(preset, config);
  network.variables.load(statistics);
  const shared = viewsOf(layout, weights);
  const out = viewsOf(layout, gradients);
  return async (samples, dropoutSeed) => {
    network.variables.load(copies(shared));
    const part = await network.compute(samples, dropoutSeed);
    for (const [name, gradient] of part.gradients) out.get(name)!.data.set(gradient);
    const moving = [...(await network.variables.read((name) => statistics.has(name)))];
    return { loss: part.loss, statistics: new Map(moving) };
  };
}

/** TF.js does not accept views of shared memory. */
function copies(views: ReadonlyMap<string, WeightArray>): Map<string, WeightArray> {
  return new Map(
    [...views].map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data) }]),
  );
}
