/** `segment --context-change` against the two passes that `segment` gives by itself. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { exportModel } from '../runtime/graph/export-model.ts';
import { dualNetwork } from '../runtime/graph/test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from '../runtime/graph/testing.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { addSegmentCommand } from './segment.ts';
import type { ContextChangeResult } from './context-change-run.ts';
import { printedBy, writeSmallSlide } from './segment-testing.ts';
import type { SegmentResult } from './segment-result.ts';

let folder = '';
let slide = '';
let model = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-'));
  slide = await writeSmallSlide(join(folder, 'slides'));
  model = join(folder, 'model');
  await writeDualModel(model, { share: 0.2, colour: [124, 116, 104] });
});

/** Random weights: what its second pass says means nothing. */
async function writeDualModel(to: string, contextDropout?: ModelManifest['contextDropout']): Promise<void> {
  await initialiseNodeBackend('wasm');
  const inputs = randomInputs(1, 48, 48);
  const { files } = await exportModel({
    fields: {
      ...manifestFields({ slicePx: 48, contextPx: 48, classes: 4 }),
      ...(contextDropout && { contextDropout }),
    },
    network: dualNetwork,
    variables: await randomWeights(dualNetwork, inputs),
    golden: {
      slice: Uint8Array.from(await inputs.slice.data()),
      context: Uint8Array.from((await inputs.context?.data()) ?? []),
      sliceInContext: { x: 0.2, y: 0.4, size: 0.2 },
    },
  });
  tf.dispose([inputs.slice, inputs.context!, inputs.sliceInContext!]);
  await mkdir(to);
  for (const [name, bytes] of files) await writeFile(join(to, name), bytes);
}

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function run<T>(out: string, ...words: string[]): Promise<T> {
  const call = ['segment', slide, '--model', model, '--out', join(folder, out), '--backend', 'cpu', '--json'];
  return JSON.parse(await printedBy(addSegmentCommand, [...call, ...words])) as T;
}

it('writes the pairs of what both passes say, and how much of the tissue changed', async () => {
  const change = await run<ContextChangeResult>('change', '--context-change');
  const usual = await run<SegmentResult>('usual');
  const alone = await run<SegmentResult>('alone', '--without-context');
  const { classes, matrix, umPerPx } = change;
  // Areas of each pass are the sums of rows and columns.
  const area = (pixels: number): number => (pixels * umPerPx ** 2) / 1e6;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  classes.forEach((name, value) => {
    const column = sum(matrix.map((row) => row[value] ?? 0));
    const find = ({ areas }: SegmentResult): number =>
      areas.find((each) => each.class === name)?.areaMm2 ?? NaN;
    expect(area(column)).toBeCloseTo(find(usual), 6);
    expect(area(sum(matrix[value] ?? []))).toBeCloseTo(find(alone), 6);
  });
  expect(change.comparedMm2).toBeCloseTo(usual.segmentedMm2, 6);
  expect(change.changed).toBeGreaterThan(0);
  expect(change.share).toBeCloseTo(change.changed / change.compared, 12);

  // Complete: kept with --resume, refused without a word.
  expect(await run('change', '--context-change', '--resume')).toEqual(change);
  await expect(run('change', '--context-change')).rejects.toThrow(/Results already exist/);
});

it('refuses a model that was not trained to do without its context', async () => {
  const untrained = join(folder, 'untrained');
  await writeDualModel(untrained);
  const call = printedBy(addSegmentCommand, [
    ...['segment', slide, '--model', untrained],
    ...['--out', join(folder, 'no'), '--context-change'],
  ]);
  await expect(call).rejects.toThrow(/trained with its context/);
});
