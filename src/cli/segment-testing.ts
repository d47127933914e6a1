/** For tests of `segment` and `merge`: writes a network of random weights, runs commands, compares results. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Command } from 'commander';
import { writePhantom } from '../phantom/write-phantom.node.ts';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { exportModel } from '../runtime/graph/export-model.ts';
import { singleNetwork } from '../runtime/graph/test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from '../runtime/graph/testing.ts';
import type { AddCommand } from './command.ts';
import type { SegmentResult } from './segment-result.ts';

/** A demo slide of 2220 × 2967 pixels of 0.499 µm. */
export const smallRegion = join(import.meta.dirname, '../../public/slides/CMU-1-Small-Region.svs');

/** Writes a phantom of 900 × 900 pixels of 1 µm, an eighth of `smallRegion`. @returns its path, `small.tif` in the folder. */
export async function writeSmallSlide(directory: string): Promise<string> {
  const size = { widthMm: 0.9, heightMm: 0.9, mpp: 1, maskMpp: 8, quality: 85 } as const;
  await mkdir(directory, { recursive: true });
  await writePhantom({ directory, name: 'small', seed: 1, format: 'tif', ...size });
  return join(directory, 'small.tif');
}

/** Writes a single-input network with three classes. @param fieldUm field of a slice, µm; the paper's by default. */
export async function writeSmallModel(folder: string, fieldUm?: number): Promise<void> {
  await initialiseNodeBackend('wasm');
  const inputs = randomInputs(1, 48, null);
  const fields = manifestFields({ slicePx: 48, contextPx: null, classes: 3 });
  const { files } = await exportModel({
    fields: fieldUm === undefined ? fields : { ...fields, slice: { ...fields.slice, fieldUm } },
    network: singleNetwork,
    variables: await randomWeights(singleNetwork, inputs),
    golden: { slice: Uint8Array.from(await inputs.slice.data()), context: null, sliceInContext: null },
  });
  tf.dispose(inputs.slice);
  await mkdir(folder);
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
}

/** Runs a command and returns its stdout. Rejects with the command's error. */
export async function printedBy(add: AddCommand, words: readonly string[]): Promise<string> {
  const printed: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: unknown) => {
    printed.push(String(text));
    return true;
  };
  try {
    const program = new Command().exitOverride();
    add(program);
    await program.parseAsync(words, { from: 'user' });
  } finally {
    process.stdout.write = write;
  }
  return printed.join('');
}

/** Result files whose bytes depend only on slide and model. */
const reproducibleFiles = [
  '.classes.tif',
  '.confidence.tif',
  '.geojson',
  '.preview.png',
  '.areas.csv',
  '.areas.json',
];

/** Endings of the files that differ between two results, or that one of them lacks. */
export async function differingFiles(
  one: Pick<SegmentResult, 'files'>,
  other: Pick<SegmentResult, 'files'>,
): Promise<string[]> {
  const differing: string[] = [];
  for (const ending of reproducibleFiles) {
    const [a, b] = [one, other].map(({ files }) => files.find((file) => file.endsWith(ending)));
    const same = a !== undefined && b !== undefined && (await readFile(a)).equals(await readFile(b));
    if (!same) differing.push(ending);
  }
  return differing;
}
