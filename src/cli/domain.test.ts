/** The command, and what `segment` makes of its statistics, with a shipped network on made textures. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { unlikeTraining } from '../base/overridden-check.ts';
import { parseManifest } from '../runtime/manifest.ts';
import { mulberry32 } from '../runtime/variables.ts';
import { addDomainCommand } from './domain.ts';
import { addSegmentCommand } from './segment.ts';
import type { SegmentResult } from './segment-result.ts';
import type { ShardResult } from './segment-shard.ts';

/** Pixels; a slice of nano-single has 128. */
const SIDE = 300;
const MPP = '3.6484375';
let folder: string;
let model: string;

/** Pink blobs on a paler ground; patients differ a little. */
function texture(seed: number, isInverted: boolean): Uint8Array {
  const random = mulberry32(seed);
  const [red, green] = [150 + 30 * random(), 60 + 30 * random()];
  const phases = Array.from({ length: 6 }, () => [random() / 3, random() / 3, 6 * random()] as const);
  const rgb = new Uint8Array(3 * SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    const wave = phases.reduce((sum, [a, b, c]) => sum + Math.sin(a * x + b * y + c), 0) / 6;
    const values = [red + 60 * wave, green + 60 * wave, 140 + 40 * wave];
    values.forEach((value, c) => (rgb[3 * i + c] = isInverted ? 255 - value : value));
  }
  return encode({ width: SIDE, height: SIDE, data: rgb, channels: 3, depth: 8 });
}

async function writeDataset(name: string, isInverted: boolean): Promise<void> {
  for (const part of ['images', 'masks']) await mkdir(join(folder, name, part), { recursive: true });
  const mask = encode({
    width: SIDE,
    height: SIDE,
    data: new Uint8Array(SIDE * SIDE),
    channels: 1,
    depth: 8,
  });
  const lines = ['name,patient'];
  for (let i = 0; i < 6; i++) {
    await writeFile(join(folder, name, 'images', `${i}.png`), texture(i + 1, isInverted));
    await writeFile(join(folder, name, 'masks', `${i}.png`), mask);
    lines.push(`${i},P${i}`);
  }
  await writeFile(join(folder, name, 'index.csv'), `${lines.join('\n')}\n`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-domain-'));
  model = join(folder, 'nano-single');
  await cp(join(import.meta.dirname, '../../models/nano-single'), model, { recursive: true });
  await writeDataset('known', false);
  await writeDataset('inverted', true);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...words: string[]): Promise<{ readonly out: string; readonly errors: string }> {
  const printed: [string, string] = ['', ''];
  const spies = [process.stdout, process.stderr].map((stream, i) =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed[i] += String(text);
      return true;
    }),
  );
  try {
    const program = new Command().exitOverride();
    addDomainCommand(program);
    addSegmentCommand(program);
    await program.parseAsync(words, { from: 'user' });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return { out: printed[0], errors: printed[1] };
}

const domain = (data: string, ...words: string[]) =>
  run('domain', '--model', model, '--data', join(folder, data), '--mpp', MPP, ...words);
const segment = async (data: string) => {
  const image = join(folder, data, 'images', '2.png');
  const out = join(folder, `${data}-result`);
  const { out: text, errors } = await run(
    ...['segment', image, '--model', model, '--mpp', MPP, '--out', out, '--glass', 'include', '--json'],
  );
  return { result: JSON.parse(text) as SegmentResult, errors };
};

it('stores statistics of a dataset, and knows images that are unlike it', { timeout: 60_000 }, async () => {
  await domain('known', '--record', 'made textures');
  const file = join(model, 'manifest.json');
  const manifest = parseManifest(JSON.parse(await readFile(file, 'utf8')), file);
  // The ends of two stages: nano has 8 and 16 channels there. 3 × 3 slices of each image.
  expect(manifest.domain).toMatchObject({ data: 'made textures', patients: 6, slices: 54 });
  expect(manifest.domain?.stages.map(({ channels }) => channels)).toEqual([8, 16]);

  const known = JSON.parse((await domain('known', '--json')).out) as { readonly unlikePatients: number };
  expect(known.unlikePatients).toBe(0);
  const { out } = await domain('inverted');
  expect(out).toContain('6 of 6 images and 6 of 6 patients do not look like the training data');

  const like = await segment('known');
  expect(like.result.tissueFit).toMatchObject({ slices: expect.any(Number) as number });
  expect(like.result.tissueFit?.distance).toBeLessThan(1);
  expect(like.result.warning).toBeUndefined();
  expect(like.errors).not.toContain('does not look like');

  const unlike = await segment('inverted');
  expect(unlike.result.tissueFit?.distance).toBeGreaterThan(1.5);
  expect(unlike.result.warning).toBe(unlikeTraining);
  expect(unlike.errors).toMatch(/2\.png: This tissue does not look like what Nano single .* times as far/);
  for (const ending of ['areas.csv', 'areas.json', 'geojson']) {
    const name = unlike.result.files.find((each) => each.endsWith(ending))!;
    expect(await readFile(name, 'utf8')).toContain(unlikeTraining);
  }

  // A call that finds all slices stored has the same to say.
  const words = ['segment', join(folder, 'inverted', 'images', '2.png'), '--model', model, '--mpp', MPP];
  const out2 = join(folder, 'shards');
  const shard = () =>
    run(...words, '--glass', 'include', '--out', out2, '--shard', '2/2', '--resume', '--json');
  const first = JSON.parse((await shard()).out) as ShardResult;
  expect(first.slices).toBeGreaterThan(0);
  await rm(first.files.find((file) => file.endsWith('.json'))!);
  const again = JSON.parse((await shard()).out) as ShardResult;
  expect(again).toMatchObject({ computed: 0, backend: 'none', slices: first.slices });
  expect(again.tissueFit).toEqual(unlike.result.tissueFit);
});

it('refuses a single patient, and a model without statistics', async () => {
  await expect(domain('known', '--patients', 'P1', '--record', 'one')).rejects.toThrow(
    /at least two patients/,
  );
  const file = join(model, 'manifest.json');
  const { domain: _dropped, ...without } = JSON.parse(await readFile(file, 'utf8')) as Record<
    string,
    unknown
  >;
  await writeFile(file, JSON.stringify(without));
  await expect(domain('known')).rejects.toThrow(/no statistics of its training data.*--record/);
});
