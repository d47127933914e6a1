import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = resolve(import.meta.dirname, '../../bin/dualscope.mjs');
const SIDE = 160;
let folder: string;

function reproduce(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const study = ['--study', 'ebhi', '--data', join(folder, 'data'), '--rows', 'unet', '--steps', '1'];
  const places = ['--out', join(folder, 'runs'), '--results', join(folder, 'results')];
  return spawnSync(process.execPath, [program, 'reproduce', ...study, ...places, ...words], {
    encoding: 'utf8',
    timeout: 100_000,
  });
}

/** Five patients, one per fold. Each image has stripes of the four classes. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reproduce-'));
  const data = join(folder, 'data');
  await mkdir(join(data, 'images'), { recursive: true });
  await mkdir(join(data, 'masks4'));
  const classes = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Math.floor((i % SIDE) / (SIDE / 4)));
  const rgb = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => 60 * classes[Math.floor(i / 3)]!);
  const png = (bytes: Uint8Array, channels: 1 | 3): Uint8Array =>
    encode({ width: SIDE, height: SIDE, data: bytes, channels, depth: 8 });
  const lines = ['name,patient,fold'];
  for (let fold = 0; fold < 5; fold++) {
    await writeFile(join(data, 'masks4', `i${String(fold)}.png`), png(classes, 1));
    await writeFile(join(data, 'images', `i${String(fold)}.png`), png(rgb, 3));
    lines.push(`i${String(fold)},p${String(fold)},${String(fold)}`);
  }
  await writeFile(join(data, 'index.csv'), `${lines.join('\n')}\n`);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('dualscope reproduce', { timeout: 120_000 }, () => {
  it('trains and evaluates a run, stores its result, and does not repeat it', async () => {
    const first = reproduce('--folds', '2', '--weights', folder);
    expect(first.stderr).not.toContain('failed');
    expect(first.stdout).toMatch(/\| U-Net \| 0\.\d{3} \|/);
    const place = join('ebhi', '1-steps-rate-0.0005-glass-0.15', 'fold-2', 'unet-seed-1');
    const file = join(folder, 'results', `${place}.json`);
    const result = JSON.parse(await readFile(file, 'utf8')) as { confusion: number[][] };
    expect(result).toMatchObject({ row: 'unet', fold: 2, seed: 1, steps: 1 });
    // One image is held out: its 160 × 160 pixels of 1.13 µm are 142.9 × 142.9 of the slices' 162 / 128 µm, a
    // stripe of each class.
    const truths = result.confusion.map((row) => row.reduce((sum, pixels) => sum + pixels, 0));
    expect(truths.reduce((sum, pixels) => sum + pixels, 0)).toBe(143 * 143);
    for (const pixels of truths) expect(Math.abs(pixels / 143 ** 2 - 0.25)).toBeLessThan(0.02);
    const config = JSON.parse(await readFile(join(folder, 'runs', place, 'config.json'), 'utf8')) as unknown;
    expect(config).toMatchObject({ data: { heldOutPatients: ['p1'] }, seed: 1 });

    const { mtimeMs } = await stat(file);
    const again = reproduce('--folds', '2', '--weights', folder);
    expect(again.stdout).toBe(first.stdout);
    expect(again.stderr).not.toContain('reading');
    expect((await stat(file)).mtimeMs).toBe(mtimeMs);
    expect(reproduce('--tables', '--folds', '1,2').stdout).toBe(first.stdout);
  });

  it('reports what is missing in one line', () => {
    const says = (expected: 1 | 2, ...words: string[]): string => {
      const { status, stderr } = reproduce(...words);
      expect(status).toBe(expected);
      return stderr;
    };
    expect(says(2)).toMatch(/Set --weights to the folder that contains resnet18-imagenet\./);
    expect(says(2, '--weights', folder, '--folds', '6')).toMatch(
      /EBHI-Seg mosaics has no fold 6; folds are 1 to 5\./,
    );
    expect(says(1, '--tables', '--learning-rate', '0.5')).toMatch(
      /no run of EBHI-Seg mosaics with this recipe/,
    );
    expect(says(1, '--weights', folder, '--folds', '1', '--data', folder)).toMatch(
      /index\.csv: .*Set --data to the folder of EBHI-Seg mosaics\./,
    );
  });
});
