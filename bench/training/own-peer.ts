/**
 * Our trainer as a `Peer`: own-peer.ts PRESET@PIXELS THREADS [--without-dropout]. One command more than other peers has it:
 * `write FOLDER` writes what torch-peer.py reads, with the weights of that moment.
 */
import { createInterface } from 'node:readline';
import { Trainer } from '../../src/training/trainer.ts';
import { writeTorchInput } from './torch-input.ts';
import { withoutDropout, workload } from './workload.ts';

const [word = '', threads = '1', dropout] = process.argv.slice(2);
const { preset, config, samples } = workload(word);
const trained = dropout === '--without-dropout' ? withoutDropout(preset) : preset;
const trainer = new Trainer(trained, config, { threads: Number(threads) });
await trainer.initialise(samples);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument = ''] = line.split(' ');
  const answer =
    command === 'steps' ? await steps(Number(argument)) : command === 'write' ? write(argument) : memory();
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function steps(count: number): Promise<object> {
  const [seconds, losses]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    losses.push(await trainer.train(samples));
    seconds.push((performance.now() - start) / 1000);
  }
  return { seconds, losses };
}

function write(folder: string): object {
  writeTorchInput(folder, { preset, config, samples }, trainer.weights());
  return {};
}

function memory(): object {
  return { peakMB: process.resourceUsage().maxRSS / 1000 };
}
