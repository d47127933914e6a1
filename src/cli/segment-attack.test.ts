/** Attacks on `segment` and `merge`: kills, two processes on one output, damaged journals. All end in the same bytes. */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mulberry32 } from '../runtime/variables.ts';
import { dualscope, isLong, Killer, report, type Ended } from './attack-testing.ts';
import { differingFiles, writeSmallModel, writeSmallSlide } from './segment-testing.ts';

const name = 'small.test-model';
let root: string;
let slide: string;
let whole: { readonly slices: number; readonly files: readonly string[] };
/** Duration of the undisturbed run. */
let wholeMs = 0;

const words = (command: 'segment' | 'merge', out: string): string[] => [
  ...[command, slide, '--model', join(root, 'model'), '--out', join(root, out), '--json'],
  ...['--quality', 'standard', '--glass', 'include', ...(command === 'segment' ? ['--threads', '1'] : [])],
];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'dualscope-attack-'));
  slide = await writeSmallSlide(root);
  // A field of 80 µm: 169 overlapping slices.
  await writeSmallModel(join(root, 'model'), 80);
  // Twice: the first one may build the command line.
  await dualscope(['--version']);
  const run = await dualscope(words('segment', 'whole'));
  expect(run).toMatchObject({ code: 0 });
  whole = JSON.parse(run.stdout) as typeof whole;
  wholeMs = run.ms;
}, 120_000);

afterAll(() => rmSync(root, { recursive: true }));

/** The run ended well, with all slices, the bytes of the undisturbed one, and nothing else in the folder. */
async function expectWhole({ code, stdout, stderr }: Ended, out: string): Promise<void> {
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ slices: whole.slices, broken: 0 });
  const files = readdirSync(join(root, out)).filter((file) => !file.includes('.shard-'));
  expect(files.sort()).toEqual(readdirSync(join(root, 'whole')).sort());
  expect(await differingFiles({ files: files.map((file) => join(root, out, file)) }, whole)).toEqual([]);
}

const runs = isLong ? 20 : 1;

it(`${runs} runs killed twice each give the bytes of an undisturbed one`, async () => {
  const killer = new Killer(1, wholeMs);
  for (let i = 0; i < runs; i++) {
    await expectWhole(await killer.run(words('segment', `killed-${i}`), ['--resume'], 2), `killed-${i}`);
    rmSync(join(root, `killed-${i}`), { recursive: true });
  }
  report('runs killed', { runs, kills: killer.kills });
}, 1_800_000);

it(`${isLong ? 18 : 2} shard runs and ${isLong ? 6 : 1} merges killed give the bytes of an undisturbed run`, async () => {
  const cycles = isLong ? 6 : 1;
  const shards = isLong ? 3 : 2;
  const killer = new Killer(2, wholeMs / 2);
  for (let cycle = 0; cycle < cycles; cycle++) {
    const out = `shards-${cycle}`;
    for (let index = 1; index <= shards; index++) {
      const shard = [...words('segment', out), '--shard', `${index}/${shards}`];
      expect((await killer.run(shard, ['--resume'], 1)).code).toBe(0);
    }
    await expectWhole(await killer.run(words('merge', out), [], 1), out);
    rmSync(join(root, out), { recursive: true });
  }
  report('shards and merges killed', { shards: cycles * shards, merges: cycles, kills: killer.kills });
}, 1_800_000);

const pairs = isLong ? 20 : 1;

it(`of two processes on one output, ${pairs} times, one is refused and the other is undisturbed`, async () => {
  const random = mulberry32(3);
  let refused = 0;
  for (let i = 0; i < pairs; i++) {
    const out = `pair-${i}`;
    const first = dualscope(words('segment', out));
    await new Promise((resolve) => setTimeout(resolve, random() * 0.8 * wholeMs));
    const second = dualscope([...words('segment', out), ...(i % 2 === 0 ? [] : ['--resume'])]);
    const ended = [await first, await second];
    for (const one of ended.filter(({ code }) => code !== 0)) {
      refused++;
      expect(one.code).toBe(1);
      // The second may come after the first has ended.
      expect(one.stderr).toMatch(/Process \d+ on \S+ \(since .*\) is writing here|Results already exist/);
    }
    const done = ended.filter(({ code }) => code === 0);
    expect(done.length).toBeGreaterThan(0);
    for (const one of done) await expectWhole(one, out);
    rmSync(join(root, out), { recursive: true });
  }
  report('two processes on one output', { pairs, refused });
}, 1_800_000);

const damages = isLong ? 20 : 2;

it(`${damages} journals of killed runs, damaged in several places, are continued to the same bytes, and it is said`, async () => {
  const random = mulberry32(4);
  const below = (end: number): number => Math.floor(random() * end);
  // The journal of a run of which the results are missing.
  const journal = join(root, 'stopped', `${name}.slices`);
  const size = (): number => statSync(journal, { throwIfNoEntry: false })?.size ?? 0;
  const { signal } = await dualscope(words('segment', 'stopped'), Infinity, () => size() > 8_000);
  expect(signal).toBe('SIGKILL');
  for (let i = 0; i < damages; i++) {
    const out = `damaged-${i}`;
    cpSync(join(root, 'stopped'), join(root, out), { recursive: true });
    const path = join(root, out, `${name}.slices`);
    const bytes = readFileSync(path);
    for (let change = 0; change < 5; change++) bytes[below(bytes.length)]! ^= 1 << below(8);
    writeFileSync(path, bytes);
    if (i % 2 === 1) appendFileSync(path, bytes.subarray(100, 300));
    const run = await dualscope([...words('segment', out), '--resume']);
    expect(run.stderr).toMatch(
      /\.slices: Damaged in \d+ places?; slices that were there are computed again\./,
    );
    await expectWhole(run, out);
    rmSync(join(root, out), { recursive: true });
  }
  report('journals damaged', { damages, flips: 5 * damages });
}, 1_800_000);
