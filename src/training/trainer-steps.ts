/**
 * A few steps on a provider, in a process of its own: trainer-steps.ts PROVIDER. Prints the losses, and the weights and moments
 * after the last step, as JSON. For the trainer's tests.
 */
import { testConfig, singleTestPreset, randomSample } from './trainer-testing.ts';
import type { StepSessionOptions } from './step/step-session.node.ts';
import { Trainer } from './trainer.ts';

const provider = process.argv[2] as NonNullable<StepSessionOptions['provider']>;
const preset = singleTestPreset();
// A momentum's step is proportional to the gradient: rounding stays small, which AdamW would make a step of full length.
const config = testConfig({
  preset: 'nano-single',
  contextLoss: 0,
  optimiser: {
    kind: 'sgd',
    momentum: 0.9,
    weightDecay: 0.01,
    stages: [{ steps: 10, encoderRate: 0.01, decoderRate: 0.01 }],
  },
  averageWeights: 0.5,
  accumulate: 2,
});
// The second step is the first with a momentum.
const batches = [0, 1].map((step) => [0, 1].map((index) => randomSample(preset, 2 * step + index)));
const trainer = new Trainer(preset, config, { provider, threads: 1, optimise: false });
// One sample, as in the parts of a batch: the shaders of both are compiled once.
await trainer.initialise(batches[0]?.slice(0, 1) ?? []);
const losses: number[] = [];
for (const batch of batches) losses.push(await trainer.train(batch));
const state = [...(await trainer.weights()), ...(await trainer.optimiserState())];
const values = Object.fromEntries(state.map(([name, { data }]) => [name, [...data]]));
process.stdout.write(JSON.stringify({ losses, values }), () => {
  // Without the destructors of drivers, some of which crash.
  process.kill(process.pid, 'SIGKILL');
});
