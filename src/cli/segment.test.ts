/** The command from its words to its files, with a network of random weights. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Command } from 'commander';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { exportModel } from '../runtime/graph/export-model.ts';
import { singleNetwork } from '../runtime/graph/test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from '../runtime/graph/testing.ts';
import { addSegmentCommand } from './segment.ts';

const slide = join(import.meta.dirname, '../../public/slides/CMU-1-Small-Region.svs');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-segment-'));
  await initialiseNodeBackend('wasm');
  const inputs = randomInputs(1, 48, null);
  const { files } = await exportModel({
    fields: manifestFields({ slicePx: 48, contextPx: null, classes: 3 }),
    network: singleNetwork,
    variables: await randomWeights(singleNetwork, inputs),
    golden: { slice: Uint8Array.from(await inputs.slice.data()), context: null, sliceInContext: null },
  });
  tf.dispose(inputs.slice);
  await mkdir(join(folder, 'model'));
  for (const [name, bytes] of files) await writeFile(join(folder, 'model', name), bytes);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the command prints on stdout. */
async function segment(...words: string[]): Promise<string> {
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
  try {
    const program = new Command().exitOverride();
    addSegmentCommand(program);
    await program.parseAsync(['segment', ...words], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return printed.join('');
}

/** The values of a grey image as they are stored. */
function greyPixels(file: string) {
  return sharp(file).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
}

interface SegmentJson {
  slide: string;
  model: string;
  backend: string;
  slices: number;
  seconds: number;
  areasMm2: Record<string, number>;
  files: string[];
}

it('writes maps and areas that agree with each other and with the slide', async () => {
  const out = join(folder, 'out');
  const model = join(folder, 'model');
  const result = JSON.parse(await segment(slide, '--model', model, '--out', out, '--json')) as SegmentJson;
  // 2220 × 2967 px of 0.499 µm: 1107.8 × 1480.5 µm, slices of 467 µm: 3 × 4 of them.
  expect(result).toMatchObject({
    slide: 'CMU-1-Small-Region.svs',
    model: 'test-model',
    backend: 'wasm',
    slices: 12,
  });
  const classMap = result.files.find((file) => file.endsWith('.classes.png'))!;
  expect(await sharp(classMap).metadata()).toMatchObject({ channels: 1, space: 'b-w' });
  const classes = await greyPixels(classMap);
  // 467 / 48 = 9.729 µm a pixel: 113.9 × 152.2 pixels.
  expect(classes.info).toMatchObject({ width: 114, height: 153 });
  const counts = [0, 1, 2].map((value) => classes.data.filter((pixel) => pixel === value).length);
  // All but the slide's last, partial row and column at most; the areas in mm² of the two that are listed.
  const known = counts[0]! + counts[1]! + counts[2]!;
  expect(known).toBeGreaterThanOrEqual(113 * 152);
  expect(known).toBeLessThanOrEqual(114 * 153);
  const pixelMm2 = (467 / 48 / 1000) ** 2;
  expect(Object.keys(result.areasMm2)).toEqual(['class 1', 'class 2']);
  expect(result.areasMm2['class 1']).toBeCloseTo(counts[1]! * pixelMm2, 6);
  expect(result.areasMm2['class 2']).toBeCloseTo(counts[2]! * pixelMm2, 6);
  const csv = await readFile(
    result.files.find((file) => file.endsWith('.areas.csv'))!,
    'utf8',
  );
  expect(csv.split('\n')[0]).toBe('class,area_mm2');
});

it('leaves the rest of the map unknown when an area is given', async () => {
  const out = join(folder, 'roi');
  const words = ['--model', join(folder, 'model'), '--out', out, '--roi', '1000,1000,10,10', '--json'];
  const result = JSON.parse(await segment(slide, ...words)) as SegmentJson;
  expect(result.slices).toBe(1);
  const { data, info } = await greyPixels(result.files[0]!);
  // The slice at column 1, row 1: pixels 48 to 95.
  const known = [...data.keys()].filter((i) => data[i] !== 255);
  expect(known.length).toBe(48 * 48);
  expect([known[0]! % info.width, Math.floor(known[0]! / info.width)]).toEqual([48, 48]);
});

it('says what is wrong', async () => {
  await expect(segment(slide, '--model', 'no-such-model', '--out', folder)).rejects.toThrow(
    'no-such-model: There is no such model.',
  );
  const words = ['--model', join(folder, 'model'), '--out', folder, '--roi', '9000,0,10,10'];
  await expect(segment(slide, ...words)).rejects.toThrow('Give an area that lies on the slide.');
});
