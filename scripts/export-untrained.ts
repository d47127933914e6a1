/**
 * Exports a preset with random weights, to measure what a trained one will cost: size on disk, time to export and to
 * load, time for one slice on wasm, and the memory of the process. With `--write-only` it ends once the model is written.
 *
 *     npx tsx scripts/export-untrained.ts resnet50-attention /tmp/full 256 [--write-only]
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { replaceFile } from '../src/base/replace-file.node.ts';
import { fullSizeLogits, readsContext } from '../src/model/network.ts';
import { presetById } from '../src/model/presets.ts';
import { initialiseNodeBackend } from '../src/runtime/backend.node.ts';
import { checkGolden } from '../src/runtime/golden-check.ts';
import { exportModel } from '../src/runtime/graph/export-model.ts';
import { fromFolder } from '../src/runtime/load-model.node.ts';
import { loadModel } from '../src/runtime/load-model.ts';
import { mulberry32 } from '../src/runtime/variables.ts';
import { untrainedNetwork } from '../src/runtime/untrained-weights.ts';
import { contextCost } from '../src/runtime/zoo.ts';

const { values, positionals } = parseArgs({
  options: { 'write-only': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [id = 'resnet50-attention', folder = path.join('runs', id), side = '256'] = positionals;
const preset = presetById(id);
const px = Number(side);
const contextPx = preset.contextPx === null ? null : px;

const { cost, variables } = untrainedNetwork(preset, px);
const contextMacs = readsContext(preset.network) ? contextCost({ ...preset, contextPx }).macs : 0;
const random = mulberry32(2);

function noise(): Uint8Array {
  return Uint8Array.from({ length: 3 * px * px }, () => 256 * random());
}
function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

const backend = await initialiseNodeBackend('wasm');
let start = performance.now();
const model = await exportModel({
  fields: {
    id: `untrained-${id}`,
    title: `Untrained ${id}`,
    description: 'Random weights, for measuring.',
    preset: id,
    encoder: 'as in the preset',
    contextEncoder: null,
    fusion: preset.network.kind === 'unet' ? 'none' : preset.network.fusion,
    classes: ['normal', 'benign', 'in situ', 'invasive'].map((name, i) => ({
      name,
      colour: '#0072B2',
      background: i === 0,
    })),
    slice: { fieldUm: preset.sliceFieldUm, sizePx: px },
    context:
      contextPx === null ? null : { kind: 'region', fieldUm: preset.contextFieldUm ?? 2335, sizePx: px },
    parameters: cost.parameters,
    macs: cost.macs,
    macsReusedContext: cost.macs - contextMacs,
    provenance: {
      data: 'none',
      synthetic: true,
      dataLicence: 'none',
      licence: 'Apache-2.0',
      split: 'none',
      seed: 1,
      steps: 0,
      date: new Date().toISOString().slice(0, 10),
      codeVersion: 'untrained',
    },
    metrics: null,
    intendedUse: 'Measuring only.',
  },
  network: (ops, input) => fullSizeLogits(ops, input, preset.network),
  variables,
  golden: {
    slice: noise(),
    context: contextPx === null ? null : noise(),
    sliceInContext: { x: 0.4, y: 0.4, size: 0.2 },
  },
});
variables.clear();
await mkdir(folder, { recursive: true });
for (const [name, data] of model.files) await replaceFile(path.join(folder, name), data);
const shards = [...model.files].filter(([name]) => name.startsWith('weights-'));
console.log(`${id} at ${px} × ${px}: ${(cost.macs / 1e9).toFixed(1)} GMAC, ${cost.parameters} parameters`);
console.log(
  `exported and run once in ${seconds(start)} s on ${backend.name} (${backend.device}): ` +
    `${(model.manifest.graph.weightsBytes / 1e6).toFixed(1)} MB in ${shards.length} shards, ` +
    `model.json ${((model.files.get('model.json')?.length ?? 0) / 1e6).toFixed(2)} MB`,
);

if (!values['write-only']) {
  start = performance.now();
  const readFile = fromFolder(folder);
  const segmenter = await loadModel(id, readFile);
  console.log(`loaded in ${seconds(start)} s; tensors hold ${(tf.memory().numBytes / 1e6).toFixed(0)} MB`);
  start = performance.now();
  const golden = await checkGolden(segmenter, readFile);
  console.log(`one slice with its context in ${seconds(start)} s; agreement ${golden.agreement}`);
  console.log(`resident memory at most ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB`);
  segmenter.dispose();
}
