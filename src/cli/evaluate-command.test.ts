/** The whole command, with a network of random weights. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Command } from 'commander';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { overriddenCheck } from '../base/overridden-check.ts';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { exportModel } from '../runtime/graph/export-model.ts';
import { singleNetwork } from '../runtime/graph/test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from '../runtime/graph/testing.ts';
import { manifestSchema } from '../runtime/manifest.ts';
import { addEvaluateCommand } from './evaluate.ts';

/** Pixels; 2 × 2 slices at the network's resolution. */
const SIDE = 96;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-evaluate-'));
  await initialiseNodeBackend('wasm');
  const inputs = randomInputs(1, 48, null);
  const dataset = { mpp: 467 / 48, classOfValue: [0, 1, 2, 2], heldOutPatients: ['B', 'C'] };
  const { files } = await exportModel({
    fields: { ...manifestFields({ slicePx: 48, contextPx: null, classes: 3 }), dataset },
    network: singleNetwork,
    variables: await randomWeights(singleNetwork, inputs),
    golden: { slice: Uint8Array.from(await inputs.slice.data()), context: null, sliceInContext: null },
  });
  tf.dispose(inputs.slice);
  for (const name of ['model', 'data/images', 'data/masks']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  for (const [name, bytes] of files) await writeFile(join(folder, 'model', name), bytes);
  // a: a training patient; b: all class 0; c: half class 1, half class 2 (mask value 3).
  const values = { a: [1, 1], b: [0, 0], c: [1, 3] };
  for (const [name, [left, right]] of Object.entries(values)) {
    const mask = Uint8Array.from({ length: SIDE ** 2 }, (_, i) => (i % SIDE < SIDE / 2 ? left : right) ?? 0);
    const rgb = Uint8Array.from({ length: 3 * SIDE ** 2 }, (_, i) => (i * 7919) % 251);
    const png = (data: Uint8Array, channels: 1 | 3): Uint8Array =>
      encode({ width: SIDE, height: SIDE, data, channels, depth: 8 });
    await writeFile(join(folder, 'data', 'images', `${name}.png`), png(rgb, 3));
    await writeFile(join(folder, 'data', 'masks', `${name}.png`), png(mask, 1));
  }
  await writeFile(join(folder, 'data', 'index.csv'), 'name,patient\na,A\nb,B\nc,C\n');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function evaluate(...words: string[]): Promise<string> {
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
  try {
    const program = new Command().exitOverride();
    addEvaluateCommand(program);
    const call = ['evaluate', '--model', join(folder, 'model'), '--data', join(folder, 'data')];
    await program.parseAsync([...call, ...words], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return printed.join('');
}

interface Result {
  readonly confusion: readonly (readonly number[])[];
  readonly pixels: number;
  readonly accuracy: number;
  readonly split: string;
  readonly calibration: { readonly ece: number; readonly bins: readonly { readonly pixels: number }[] };
  readonly slides: readonly { readonly image: string; readonly pixels: number; readonly accuracy: number }[];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

it('measures held-out patients and reports as JSON, HTML and metrics of the manifest', async () => {
  const html = join(folder, 'report.html');
  const result = JSON.parse(await evaluate('--json', '--html', html, '--record', 'B and C')) as Result;
  expect(result.split).toBe('held-out patients: B, C');
  expect(result.slides.map(({ image }) => image)).toEqual(['b', 'c']);
  // Every pixel once: all of b, and half of c for each of two classes.
  expect(result.confusion.map(sum)).toEqual([SIDE ** 2, SIDE ** 2 / 2, SIDE ** 2 / 2]);
  expect(result.pixels).toBe(2 * SIDE ** 2);
  expect(sum(result.calibration.bins.map(({ pixels }) => pixels))).toBe(result.pixels);
  const right = sum(result.confusion.map((row, truth) => row[truth] ?? 0));
  expect(result.accuracy).toBeCloseTo(right / result.pixels, 12);
  expect(sum(result.slides.map(({ accuracy, pixels }) => accuracy * pixels))).toBeCloseTo(right, 6);

  const page = await readFile(html, 'utf8');
  expect(page).toContain(`<dd>${result.accuracy.toFixed(3)}</dd>`);
  expect(page).toContain(`<dd>${result.calibration.ece.toFixed(3)}</dd>`);
  expect(page).toContain('held-out patients: B, C');

  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(join(folder, 'model', 'manifest.json'), 'utf8')),
  );
  expect(manifest.metrics).toMatchObject({
    data: 'B and C',
    accuracy: result.accuracy,
    ece: result.calibration.ece,
  });
});

it('stores further metrics after the main ones and replaces those of the same data in place', async () => {
  const recorded = async (...words: string[]) => {
    await evaluate('--json', ...words);
    return manifestSchema.parse(JSON.parse(await readFile(join(folder, 'model', 'manifest.json'), 'utf8')));
  };
  const { metrics } = await recorded('--record', 'B and C');
  await recorded('--patients', 'B', '--record-further', 'one');
  await recorded('--patients', 'all', '--record-further', 'all');
  const last = await recorded('--patients', 'C', '--record-further', 'one');
  expect(last.metrics).toEqual(metrics);
  expect(last.furtherMetrics?.map(({ data }) => data)).toEqual(['one', 'all']);
  const { accuracy } = JSON.parse(await evaluate('--json', '--patients', 'C')) as Result;
  expect(last.furtherMetrics?.[0]?.accuracy).toBe(accuracy);
});

it('refuses a model that fails its check; with --force every output says so, and the card gets nothing', async () => {
  const golden = join(folder, 'model', 'golden-classes.bin');
  const sound = await readFile(golden);
  const manifest = await readFile(join(folder, 'model', 'manifest.json'), 'utf8');
  await writeFile(golden, new Uint8Array(sound.length).fill(2));
  try {
    await expect(evaluate('--json')).rejects.toThrow(/fails its golden check.*evaluate use.*--force/);
    const html = join(folder, 'forced.html');
    const result = JSON.parse(await evaluate('--json', '--force', '--html', html)) as object;
    expect(result).toMatchObject({
      modelCheck: 'overridden',
      modelProblem: expect.stringMatching(/test pixels have another class/) as string,
    });
    const page = await readFile(html, 'utf8');
    expect(page).toMatch(new RegExp(`<h1>.*${overriddenCheck}`));
    expect(await evaluate('--force')).toMatch(new RegExp(`^test-model on .*${overriddenCheck}`));
    for (const option of ['--record', '--record-further']) {
      await expect(evaluate('--force', option, 'B and C')).rejects.toThrow(
        /only a model that passes its check/,
      );
    }
    expect(await readFile(join(folder, 'model', 'manifest.json'), 'utf8')).toBe(manifest);
  } finally {
    await writeFile(golden, sound);
  }
  const html = join(folder, 'sound.html');
  expect(JSON.parse(await evaluate('--json', '--html', html))).toMatchObject({ modelCheck: 'passed' });
  expect(await readFile(html, 'utf8')).not.toContain(overriddenCheck);
});

it('says on stderr and in every output that --mpp, or what is known of the data, replaces what an image states', async () => {
  const data = join(folder, 'stated');
  for (const name of ['images', 'masks']) await mkdir(join(data, name), { recursive: true });
  const create = { width: SIDE, height: SIDE, background: '#c8a' };
  // 5 µm per pixel.
  for (const name of ['b', 'c']) {
    await sharp({ create: { ...create, channels: 3 } })
      .tiff({ xres: 200, yres: 200 })
      .toFile(join(data, 'images', `${name}.tif`));
    await copyFile(join(folder, 'data', 'masks', `${name}.png`), join(data, 'masks', `${name}.png`));
  }
  await writeFile(join(data, 'index.csv'), 'name,patient\nb,B\nc,C\n');
  const errors: string[] = [];
  const written = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((text) => errors.push(String(text)) > 0);
  const html = join(folder, 'mpp.html');
  try {
    const given = ['--data', data, '--mpp', '10'];
    const result = JSON.parse(await evaluate(...given, '--json', '--html', html)) as {
      slides: { mppNote?: string }[];
    };
    const note = /^The slide states 5 µm per pixel \(.+\); --mpp 10 is used instead\.$/;
    expect(result.slides).toMatchObject([
      { mppNote: expect.stringMatching(note) as string },
      { mppNote: expect.stringMatching(note) as string },
    ]);
    expect(errors.filter((line) => line.includes('--mpp 10'))).toHaveLength(1);
    expect(await readFile(html, 'utf8')).toMatch(/2 images: The slide states 5 µm per pixel/);
    expect(await evaluate(...given)).toMatch(/^2 images: The slide states 5 µm per pixel/m);
    // The manifest's own for this data.
    expect(await evaluate('--data', data)).toMatch(/the data's 9\.7\d* is used instead/);
    expect(await evaluate('--data', data, '--mpp', '5')).not.toContain('is used instead');
  } finally {
    written.mockRestore();
  }
});

it('measures the patients of --patients', async () => {
  const all = JSON.parse(await evaluate('--json', '--patients', 'all')) as Result;
  expect(all.slides.map(({ image }) => image)).toEqual(['a', 'b', 'c']);
  const text = await evaluate('--patients', 'C');
  expect(text).toMatch(/^test-model on 1 image of .* \(held-out patients: C\)/);
  expect(text).toMatch(/calibration error \(ECE\) 0\.\d{4}/);
  expect(text).toMatch(/^c +C +0\.\d{4}/m);
  await expect(evaluate('--patients', 'Z')).rejects.toThrow(/no patient "Z"/);
});

it('compares objects and gives intervals over patients, on the card too', async () => {
  const words = ['--json', '--objects', '0', '--record-further', 'objects'];
  const { objects, intervals } = JSON.parse(await evaluate(...words)) as {
    readonly objects: { readonly f1: number; readonly dice: number; readonly hausdorff: number | null };
    readonly intervals: {
      readonly patients: number;
      readonly accuracy: { readonly low: number; readonly high: number };
    };
  };
  // The truth has one object: image c is foreground everywhere, b nowhere. At most one prediction can find it.
  expect(objects.f1).toBeGreaterThanOrEqual(0);
  expect(objects.f1).toBeLessThanOrEqual(1);
  expect(intervals.patients).toBe(2);
  // Of two patients, some draws have one of them only.
  const { slides } = JSON.parse(await evaluate('--json')) as Result;
  const accuracies = slides.map(({ accuracy }) => accuracy).sort((a, b) => a - b);
  expect([intervals.accuracy.low, intervals.accuracy.high]).toEqual(accuracies);
  const card = await readFile(join(folder, 'model', 'README.md'), 'utf8');
  expect(card).toContain('95 % over 2 patients');
  expect(card).toContain(`| F1 of objects | ${objects.f1.toFixed(3)} |`);
  await expect(evaluate('--json', '--objects', '-1')).rejects.toThrow();
});
