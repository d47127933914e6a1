/**
 * Our trainer as a `Peer`: own-peer.ts PRESET@PIXELS THREADS [--without-dropout]. One command more than other peers has it:
 * `write FOLDER` writes what torch-peer.py reads, with the weights of that moment.
 */
import { createInterface } from 'node:readline';
import { Trainer } from '../../src/training/trainer.ts';
import { timed, type Steps } from './peer.ts';
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
    command === 'steps'
      ? await steps(Number(argument))
      : command === 'write'
        ? await write(argument)
        : memory();
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function steps(count: number): Promise<Steps> {
  const answer = { seconds: [] as number[], cpuSeconds: [] as number[], losses: [] as number[] };
  for (let i = 0; i < count; i++) {
    const { seconds, cpuSeconds } = await timed(async () => answer.losses.push(await trainer.train(samples)));
    answer.seconds.push(seconds);
    answer.cpuSeconds.push(cpuSeconds);
  }
  return answer;
}

async function write(folder: string): Promise<object> {
  writeTorchInput(folder, { preset, config, samples }, await trainer.weights());
  return {};
}

function memory(): object {
  return { peakMB: process.resourceUsage().maxRSS / 1000 };
}
