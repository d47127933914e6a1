import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { topologicalOrder } from '../runtime/graph/graph.ts';
import { readGraphDef } from '../runtime/graph/read-graph-def.ts';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import { modelArtifacts } from '../runtime/load-model.ts';
import { readModelFiles } from '../runtime/model-files.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { toOnnx } from '../runtime/onnx/onnx-model.ts';
import { sliceBox } from '../runtime/slice-box.ts';
import { addExportCommand } from './export.ts';
import { printedBy } from './segment-testing.ts';

const models = resolve(import.meta.dirname, '../../models');
const shipped = readdirSync(models).filter((id) => existsSync(join(models, id, 'manifest.json')));

let folder: string;
beforeAll(async () => {
  await initialiseNodeBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'dualscope-export-'));
});
afterAll(() => rm(folder, { recursive: true }));

function run(model: string, format: string, out: string, ...words: string[]): Promise<string> {
  return printedBy(addExportCommand, [
    'export',
    '--model',
    model,
    '--format',
    format,
    '--out',
    out,
    ...words,
  ]);
}

function manifestOf(id: string): ModelManifest {
  return JSON.parse(readFileSync(join(models, id, 'manifest.json'), 'utf8')) as ModelManifest;
}

type Layout = 'nchw' | 'nhwc';

/** The golden RGB image of a file in a model's folder, as a tensor of either layout. */
function image(id: string, file: string, side: number, layout: Layout): ort.Tensor {
  const rgb = readFileSync(join(models, id, file));
  if (layout === 'nhwc') return new ort.Tensor('float32', Float32Array.from(rgb), [1, side, side, 3]);
  const planes = Float32Array.from(rgb, (_, i) => rgb[(i % side ** 2) * 3 + Math.floor(i / side ** 2)]!);
  return new ort.Tensor('float32', planes, [1, 3, side, side]);
}

/** Share of the golden slice's pixels to which ONNX Runtime gives the model's golden class. */
async function agreement(id: string, onnx: string | Uint8Array, layout: Layout): Promise<number> {
  const { slice, context, golden, graph, classes } = manifestOf(id);
  const feeds: Record<string, ort.Tensor> = { slice: image(id, golden.slice, slice.sizePx, layout) };
  if (context !== null) feeds.context = image(id, golden.context!, context.sizePx, layout);
  if (graph.inputs.sliceInContext !== null) {
    const box = sliceBox(golden.sliceInContext!, context!.sizePx, slice.sizePx);
    feeds.slice_in_context = new ort.Tensor('float32', Float32Array.from(box), [1, 1, 1, 4]);
  }
  const session = await (typeof onnx === 'string'
    ? ort.InferenceSession.create(onnx)
    : ort.InferenceSession.create(onnx));
  const { logits } = await session.run(feeds, ['logits']);
  await session.release();
  const [n, pixels] = [classes.length, slice.sizePx ** 2];
  const sides = [slice.sizePx, slice.sizePx];
  expect(logits!.dims).toEqual(layout === 'nchw' ? [1, n, ...sides] : [1, ...sides, n]);
  const scores = logits!.data as Float32Array;
  const score = (pixel: number, k: number): number =>
    scores[layout === 'nchw' ? k * pixels + pixel : pixel * n + k]!;
  const expected = readFileSync(join(models, id, golden.classes));
  let same = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let winner = 0;
    for (let k = 1; k < n; k++) if (score(pixel, k) > score(pixel, winner)) winner = k;
    if (winner === expected[pixel]) same++;
  }
  return same / pixels;
}

/** Fields of a Protocol Buffers message by number: numbers, and bytes of strings and nested messages. */
function fields(message: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const found = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const length = key % 8 === 2 ? varint() : 0;
    const value = key % 8 === 0 ? varint() : message.subarray(at, (at += key % 8 === 5 ? 4 : length));
    const number = Math.floor(key / 8);
    found.set(number, [...(found.get(number) ?? []), value]);
  }
  return found;
}

const text = (value: number | Uint8Array | undefined): string =>
  new TextDecoder().decode(value as Uint8Array);

/** Metadata and opset of an ONNX file. Field numbers are those of onnx.proto3. */
function headOf(file: string): { opset: number; metadata: Record<string, string> } {
  const model = fields(readFileSync(file));
  const metadata = model.get(14)!.map((entry) => fields(entry as Uint8Array));
  return {
    opset: fields(model.get(8)![0] as Uint8Array).get(2)![0] as number,
    metadata: Object.fromEntries(metadata.map((entry) => [text(entry.get(1)![0]), text(entry.get(2)![0])])),
  };
}

describe('as ONNX', () => {
  it.each(shipped)('%s gives its golden classes in ONNX Runtime', async (id) => {
    const file = join(folder, `${id}.onnx`);
    await run(id, 'onnx', file);
    expect(await agreement(id, file, 'nchw')).toBeGreaterThanOrEqual(0.999);
  });

  it.each(['nano-single', 'nano-aligned'])('%s does so with opset 18 and channels last', async (id) => {
    const file = join(folder, `${id}-18.onnx`);
    await run(id, 'onnx', file, '--opset', '18', '--layout', 'nhwc');
    expect(headOf(file).opset).toBe(18);
    expect(await agreement(id, file, 'nhwc')).toBeGreaterThanOrEqual(0.999);
  });

  it('describes itself: classes, µm per pixel, licence', async () => {
    const file = join(folder, 'described.onnx');
    const printed = await run('colon-attention', 'onnx', file, '--json');
    expect(JSON.parse(printed)).toMatchObject({
      model: 'colon-attention',
      onnx: { opset: 17, layout: 'nchw' },
    });
    const { opset, metadata } = headOf(file);
    expect(opset).toBe(17);
    expect(metadata).toMatchObject({
      id: 'colon-attention',
      title: 'Colon: Dual inputs, attention',
      slice_px: '128',
      slice_um_per_px: '1.265625', // 162 / 128
      context_um_per_px: '3.796875', // 486 / 128
      layout: 'nchw',
      licence: 'GlaS: research use only, no commercial use; EBHI-Seg: CC BY 4.0',
    });
    expect(metadata.notice).toMatch(/^Research use only/);
    expect(JSON.parse(metadata.classes!)).toContainEqual({
      name: 'adenomatous',
      colour: '#F0E442',
      background: false,
    });
    expect(JSON.parse(metadata.manifest!)).toEqual(manifestOf('colon-attention'));
  });

  it('takes several slices at once', async () => {
    const file = join(folder, 'batch.onnx');
    await run('nano-single', 'onnx', file);
    const session = await ort.InferenceSession.create(file);
    const one = image('nano-single', 'golden-slice.bin', 128, 'nchw').data as Float32Array;
    const two = new ort.Tensor('float32', Float32Array.of(...one, ...one), [2, 3, 128, 128]);
    const { logits } = await session.run({ slice: two });
    await session.release();
    expect(logits!.dims).toEqual([2, 4, 128, 128]);
  });
});

describe('as safetensors', () => {
  /** Reads the format as its specification says. */
  function tensors(file: string): { metadata: Record<string, string>; values: Map<string, Float32Array> } {
    const bytes = readFileSync(file);
    const length = Number(bytes.readBigUInt64LE());
    const { __metadata__: metadata, ...entries } = JSON.parse(
      bytes.toString('utf8', 8, 8 + length),
    ) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> & {
      __metadata__: Record<string, string>;
    };
    expect(length % 8).toBe(0);
    let end = 0;
    const values = new Map<string, Float32Array>();
    for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(entries)) {
      expect(offsets[0]).toBe(end); // No holes, no overlap.
      end = offsets[1];
      const data = Uint8Array.from(bytes.subarray(8 + length + offsets[0], 8 + length + offsets[1])).buffer;
      const spec = { name, shape, dtype: 'float32' as const };
      // TF.js decodes half precision: another decoder than ours.
      const tensor = io.decodeWeights(data, [
        dtype === 'F16'
          ? { ...spec, quantization: { dtype: 'float16', original_dtype: 'float32' } as never }
          : spec,
      ])[name]!;
      expect(tensor.shape).toEqual(shape);
      values.set(name, Float32Array.from(tensor.dataSync()));
    }
    expect(8 + length + end).toBe(bytes.length);
    return { metadata, values };
  }

  it.each(['colon-attention', 'nano-aligned'])('%s keeps every weight', async (id) => {
    const file = join(folder, `${id}.safetensors`);
    await run(id, 'safetensors', file);
    const { metadata, values } = tensors(file);
    expect(metadata).toMatchObject({ id, licence: manifestOf(id).provenance.licence });
    const files = await readModelFiles(id, fromFolder(join(models, id)));
    // These networks have no up-convolution: names and values are those of the TF.js graph.
    const { weightSpecs, weightData } = modelArtifacts(files);
    const stored = io.decodeWeights(io.CompositeArrayBuffer.join(weightData), weightSpecs!);
    // Bytes: comparing millions of numbers one by one takes a minute.
    const bytes = (numbers: ArrayLike<number>): Buffer => Buffer.from(Float32Array.from(numbers).buffer);
    for (const [name, data] of values) {
      expect(bytes(data).equals(bytes(stored[name]!.dataSync())), name).toBe(true);
    }
    // The network computes with them what it should.
    const network = readGraphDef(files);
    for (const { operation } of topologicalOrder(network.outputs)) {
      for (const weight of Object.values(operation) as unknown[]) {
        if (typeof weight !== 'object' || weight === null || !('name' in weight)) continue;
        Object.assign(weight, { data: () => values.get(weight.name as string)! });
      }
    }
    const onnx = toOnnx(network, { dtype: 'float32', producer: 'test' });
    expect(await agreement(id, onnx, 'nhwc')).toBeGreaterThanOrEqual(0.999);
  });
});

describe('as a TF.js folder', () => {
  it('copies the folder, which is a model again', async () => {
    const copy = join(folder, 'nano-add-copy');
    await run('nano-add', 'tfjs', copy);
    for (const name of readdirSync(join(models, 'nano-add'))) {
      expect(readFileSync(join(copy, name)).equals(readFileSync(join(models, 'nano-add', name)))).toBe(true);
    }
    const file = join(folder, 'of-the-copy.onnx');
    await run(copy, 'onnx', file);
    expect(await agreement('nano-add', file, 'nchw')).toBeGreaterThanOrEqual(0.999);
  });
});

describe('a call that cannot work', () => {
  it.each([
    ['an unknown model', ['nano-nothing', 'onnx', 'a.onnx'], /nano-nothing: Unknown model\. Give the id/],
    [
      'a folder as a file',
      ['nano-add', 'onnx', '.', '--overwrite'],
      /Can't be written .* Choose another --out/,
    ],
    ['a path below a file', ['nano-add', 'onnx', 'taken.onnx/a.onnx'], /Can't be written/],
    ['an existing file', ['nano-add', 'onnx', 'taken.onnx'], /Already exists\. Replace it with --overwrite/],
    ['a folder with files', ['nano-add', 'tfjs', '.'], /Already exists/],
    [
      'another opset',
      ['nano-add', 'onnx', 'a.onnx', '--opset', '16'],
      /opset 17 \(the more widely read\) or 18/,
    ],
    ['an unknown format', ['nano-add', 'pt', 'a.pt'], /onnx, tfjs, safetensors/],
    ['an opset without ONNX', ['nano-add', 'tfjs', 'a', '--opset', '17'], /applies to --format onnx only/],
  ])('is refused: %s', async (_, [model, format, out, ...words], message) => {
    await writeFile(join(folder, 'taken.onnx'), 'kept');
    const silent = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      await expect(run(model!, format!, join(folder, out!), ...words)).rejects.toThrow(message);
    } finally {
      silent.mockRestore();
    }
    expect(readFileSync(join(folder, 'taken.onnx'), 'utf8')).toBe('kept');
    expect(existsSync(join(folder, 'a.onnx'))).toBe(false);
  });

  it('does not copy a model over itself', async () => {
    const own = join(models, 'nano-add');
    await expect(run(own, 'tfjs', own, '--overwrite')).rejects.toThrow("This is the model's own folder.");
  });

  it('--overwrite replaces', async () => {
    const file = join(folder, 'replaced.onnx');
    await writeFile(file, 'old');
    await run('nano-add', 'onnx', file, '--overwrite');
    expect(await agreement('nano-add', file, 'nchw')).toBeGreaterThanOrEqual(0.999);
  });
});
