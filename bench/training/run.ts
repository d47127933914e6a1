/**
 * Measures the speed of training in Node:
 *
 *     npx tsx bench/training/run.ts [PRESET@PIXELS …] [--threads 2,1] [--rounds 4] [--steps 3] [--python /usr/bin/python3]
 *
 * Prints one JSON object. Our trainer, PyTorch (where `python3` has it) and plain convolutions take turns, round by round;
 * batches of eight, AdamW, batch norms with fixed statistics. Rates are those of the fastest step, of the median one, and of the
 * step with the least processor time: on one thread of a busy machine the last is the fairest; with more threads it includes
 * time that they spin.
 * - `samplesPerSecond`: of our trainer;
 * - `overTorch`: our samples per second over PyTorch's;
 * - `shareOfPlainConvolutions`: multiply-adds of a training step (three times those of the forward convolutions) per second,
 *   over those that the same runtime reaches in the network's convolutions alone, forward;
 * - `peakMB`: largest resident set of the trainer's process;
 * - `lossDifference`: largest relative difference between our losses and PyTorch's over four steps from the same weights on
 *   the same batch, without dropout. The first is a matter of rounding; later ones differ more, since AdamW
 *   turns rounding of the smallest gradients into steps of full length.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Peer, type Steps, type Times } from './peer.ts';
import { PlainConvolutions } from './plain-convolutions.ts';
import { recordNetwork } from './recorded-network.ts';
import { batch, workload } from './workload.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '2,1' },
    rounds: { type: 'string', default: '4' },
    steps: { type: 'string', default: '3' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});
const words = positionals.length > 0 ? positionals : ['compact-attention@128'];
const rounds = Number(options.rounds);
const torchVersion = findTorch();
const figures: Record<string, unknown> = {
  batch,
  rounds,
  stepsPerRound: Number(options.steps),
  torch: torchVersion,
};

for (const word of words) {
  const folder = mkdtempSync(join(tmpdir(), 'training-bench-'));
  try {
    figures[`${word} lossDifference`] = await lossDifference(word, folder);
    for (const threads of options.threads.split(',')) {
      note(`${word}, threads: ${threads}`);
      figures[`${word} threads ${threads}`] = await compare(word, folder, Number(threads));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);

/** Also writes what PyTorch reads. @returns null without PyTorch */
async function lossDifference(word: string, folder: string): Promise<object | null> {
  const own = ownPeer(word, 2, ['--without-dropout']);
  await own.ask(`write ${folder}`);
  if (torchVersion === null) {
    own.end();
    return null;
  }
  const torch = torchPeer(folder, 2, ['--without-dropout']);
  const [ours, theirs] = [await own.ask<Steps>('steps 4'), await torch.ask<Steps>('steps 4')];
  for (const peer of [own, torch]) peer.end();
  const differences = ours.losses.map((loss, i) => Math.abs(loss / theirs.losses[i]! - 1));
  return { first: rounded(differences[0]!), largest: rounded(Math.max(...differences)) };
}

async function compare(word: string, folder: string, threads: number): Promise<object> {
  const { convolutions, macs } = recordNetwork(workload(word).preset, batch);
  const own = ownPeer(word, threads);
  const torch = torchVersion === null ? null : torchPeer(folder, threads);
  const plain = await PlainConvolutions.open(convolutions, threads);
  const peers = [own, ...(torch === null ? [] : [torch])];
  // Compiles, allocates.
  for (const peer of peers) await peer.ask('steps 2');
  await plain.run();
  const times = { own: [] as Times[], torch: [] as Times[], plain: [] as Times[] };
  for (let round = 0; round < rounds; round++) {
    const steps = `steps ${options.steps}`;
    times.own.push(...timesOf(await own.ask<Steps>(steps)));
    if (torch !== null) times.torch.push(...timesOf(await torch.ask<Steps>(steps)));
    for (let i = 0; i < 2 * Number(options.steps); i++) times.plain.push(await plain.run());
  }
  const memory = async (peer: Peer): Promise<number> =>
    Math.round((await peer.ask<{ peakMB: number }>('memory')).peakMB);
  const peakMB = { own: await memory(own), torch: torch === null ? null : await memory(torch) };
  for (const peer of peers) peer.end();
  await plain.close();
  const ratesBy = (of: (times: readonly Times[]) => number): object => {
    const [step, torchStep, plainTime] = [of(times.own), of(times.torch), of(times.plain)];
    return {
      samplesPerSecond: rounded(batch / step),
      torchSamplesPerSecond: torch === null ? null : rounded(batch / torchStep),
      overTorch: torch === null ? null : rounded(torchStep / step),
      shareOfPlainConvolutions: rounded((3 * plainTime) / step),
      plainGigaMacsPerSecond: rounded(macs / plainTime / 1e9),
    };
  };
  return {
    fastest: ratesBy((all) => Math.min(...all.map(({ seconds }) => seconds))),
    median: ratesBy((all) => median(all.map(({ seconds }) => seconds))),
    byProcessorTime: ratesBy((all) => Math.min(...all.map(({ cpuSeconds }) => cpuSeconds))),
    peakMB,
  };
}

function timesOf({ seconds, cpuSeconds }: Steps): Times[] {
  return seconds.map((time, i) => ({ seconds: time, cpuSeconds: cpuSeconds[i] ?? NaN }));
}

function ownPeer(word: string, threads: number, more: readonly string[] = []): Peer {
  return new Peer(process.execPath, [
    '--import',
    'tsx',
    besides('own-peer.ts'),
    word,
    String(threads),
    ...more,
  ]);
}

function torchPeer(folder: string, threads: number, more: readonly string[] = []): Peer {
  // OpenMP's threads otherwise spin while they wait, which takes a shared core from the thread that they wait for.
  const variables = { OMP_WAIT_POLICY: 'PASSIVE' };
  return new Peer(options.python, [besides('torch-peer.py'), folder, String(threads), ...more], variables);
}

/** @returns PyTorch's version, null where Python has none */
function findTorch(): string | null {
  const { status, stdout } = spawnSync(options.python, ['-c', 'import torch; print(torch.__version__)'], {
    encoding: 'utf8',
  });
  if (status === 0) return stdout.trim();
  note(`No comparison with PyTorch: ${options.python} has no module "torch" (Debian: python3-torch).`);
  return null;
}

function besides(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
