/** Training under kill: checkpoints are never half, and the model is that of an undisturbed run. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeCheckpoint } from '../training/checkpoint.ts';
import { dualscope, isLong, Killer, report } from './attack-testing.ts';
import { tinyConfig, writeStripes } from './train-testing.ts';

let root: string;
/** Time at which training has ended and the export begins, of the undisturbed run. */
let wholeMs = 0;

const steps = 16;
const words = (run: string): string[] => [
  ...['train', '--config', join(root, 'config.json'), '--data', join(root, 'data'), '--run', join(root, run)],
  ...['--out', join(root, `${run}-models`), '--checkpoint-every', '1', '--threads', '1', '--json'],
];

/** Hashes of a model's weights and losses, which depend on nothing but configuration and data. */
function trained(run: string): Record<string, string> {
  const model = join(root, `${run}-models`, 'tiny');
  const files = readdirSync(model).filter((file) => file.endsWith('.bin'));
  expect(files.length).toBeGreaterThan(0);
  const paths = [...files.sort().map((file) => join(model, file)), join(root, run, 'losses.csv')];
  return Object.fromEntries(
    paths.map((path): [string, string] => [
      basename(path),
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    ]),
  );
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'dualscope-train-attack-'));
  await writeStripes(join(root, 'data'));
  writeFileSync(join(root, 'config.json'), JSON.stringify({ ...tinyConfig, steps }));
  const run = await dualscope(words('whole'));
  expect({ code: run.code, stderr: run.code === 0 ? '' : run.stderr }).toEqual({ code: 0, stderr: '' });
  wholeMs = run.ms;
}, 300_000);

afterAll(() => rmSync(root, { recursive: true }));

const runs = isLong ? 8 : 1;

it(`${runs} trainings killed twice each give the weights of an undisturbed one`, async () => {
  const killer = new Killer(5, wholeMs);
  let kills = 0;
  let checkpoints = 0;
  for (let i = 0; i < runs; i++) {
    const run = `killed-${i}`;
    for (let kill = 0; kill < 2; kill++) {
      const { signal } = await dualscope(words(run), killer.moment());
      if (signal === 'SIGKILL') kills++;
      for (const file of ['checkpoint.bin', 'best.bin']) {
        const path = join(root, run, file);
        if (!existsSync(path)) continue;
        expect(decodeCheckpoint(readFileSync(path), path).step).toBeGreaterThan(0);
        checkpoints++;
      }
      const model = join(root, `${run}-models`, 'tiny');
      // A model is there with all its files, or not at all.
      if (existsSync(model))
        expect(readdirSync(model)).toEqual(readdirSync(join(root, 'whole-models', 'tiny')));
    }
    const ended = await dualscope(words(run));
    expect({ code: ended.code, stderr: ended.code === 0 ? '' : ended.stderr }).toEqual({
      code: 0,
      stderr: '',
    });
    expect(trained(run)).toEqual(trained('whole'));
    for (const folder of [run, `${run}-models`]) {
      expect(readdirSync(join(root, folder)).filter((file) => /\.(part|lock|commit)$/.test(file))).toEqual(
        [],
      );
    }
  }
  report('trainings killed', { runs, kills, checkpoints });
}, 1_800_000);

it('one of two trainings in one folder is refused, and does not disturb the other', async () => {
  const checkpoint = join(root, 'pair', 'checkpoint.bin');
  const first = dualscope(words('pair'));
  while (!existsSync(checkpoint)) await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await dualscope(words('pair'));
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/training: Process \d+ on .* is writing here/);
  expect((await first).code).toBe(0);
  expect(trained('pair')).toEqual(trained('whole'));
}, 300_000);

it('does not replace a folder of other files by a model', async () => {
  const folder = join(root, 'mine-models', 'tiny');

  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'thesis.txt'), 'precious');
  const { code, stderr } = await dualscope(words('mine'));
  expect(code).toBe(1);
  expect(stderr).toContain('has files that are no model of this name, so it is not replaced');
  expect(statSync(join(folder, 'thesis.txt')).size).toBe(8);
}, 120_000);
