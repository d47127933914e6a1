import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { caffePreprocessing, torchvisionPreprocessing, type Preprocessing } from '../model/config.ts';
import { fullSizeLogits } from '../model/network.ts';
import { presetById, type Preset } from '../model/presets.ts';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { exportModel, type ExportedModel } from '../runtime/graph/export-model.ts';
import {
  eagerLogits,
  manifestFields,
  randomInputs,
  randomWeights,
  relativeRms,
  type NetworkFunction,
  type TestInputs,
} from '../runtime/graph/testing.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import type { ReadFile } from '../runtime/model-files.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { startModel } from './start-model.ts';

const models = fileURLToPath(new URL('../../models/', import.meta.url));

/** A model with random weights and the given preprocessing. */
async function exported(preset: Preset, preprocessing: Preprocessing): Promise<ExportedModel> {
  const { slicePx, contextPx, network } = preset;
  const networkOf: NetworkFunction = (ops, input) =>
    fullSizeLogits(ops, input, { ...network, preprocessing });
  const inputs = randomInputs(1, slicePx, contextPx);
  const variables = await randomWeights(networkOf, inputs);
  const golden = {
    slice: Uint8Array.from(await inputs.slice.data()),
    context: inputs.context && Uint8Array.from(await inputs.context.data()),
    sliceInContext: null,
  };
  dispose(inputs);
  const fields = { ...manifestFields({ slicePx, contextPx, classes: network.classes }), preset: preset.id };
  return exportModel({ fields, network: networkOf, variables, golden });
}

function reader({ files }: ExportedModel): ReadFile {
  return async (name) => Promise.resolve(files.get(name)!);
}

function dispose({ slice, context, sliceInContext }: TestInputs): void {
  tf.dispose([slice, context, sliceInContext].filter((tensor) => tensor !== null));
}

describe('fine-tuning a model', () => {
  beforeAll(async () => {
    await initialiseNodeBackend('wasm');
  });

  it('computes the same as the trained network before its batch norms were folded', async () => {
    const preset = presetById('nano-attention');
    const before = tf.memory().numTensors;
    const start = await startModel(preset, 'nano-attention', fromFolder(`${models}nano-attention`));
    expect(start.missing).toEqual([]);
    expect(start.preset).toEqual(preset);
    expect(tf.memory().numTensors).toBe(before);
    const file = new URL('./golden/nano-attention.checkpoint.bin', import.meta.url);
    const trained = decodeCheckpoint(await readFile(file), file.pathname).variables;
    const exportedNames = [...trained.keys()].filter((name) => !name.startsWith('auxiliary/'));
    expect([...start.weights.keys()].sort()).toEqual(exportedNames.sort());
    const network: NetworkFunction = (ops, input) => fullSizeLogits(ops, input, preset.network);
    const inputs = randomInputs(1, preset.slicePx, preset.contextPx);
    const reference = await eagerLogits(network, trained, inputs);
    const started = await eagerLogits(network, start.weights, inputs);
    // The model stores its kernels in half precision.
    expect(relativeRms(started.data, reference.data)).toBeLessThan(2e-3);
    dispose(inputs);
  });

  it.each(['colon-aligned', 'colon-concat'])('loads every kernel of %s', async (id) => {
    const compact = presetById(id.replace('colon', 'compact'));
    const { missing, weights } = await startModel(compact, id, fromFolder(models + id));
    expect(missing).toEqual([]);
    expect(weights.size).toBeGreaterThan(200);
  });

  it('finds the preprocessing of the model, which its weights do not reveal', async () => {
    const preset = presetById('nano-single');
    for (const preprocessing of [torchvisionPreprocessing, caffePreprocessing]) {
      const start = await startModel(preset, 'random', reader(await exported(preset, preprocessing)));
      expect(start.preset.network.preprocessing).toEqual(preprocessing);
    }
  });

  it('reinitialises the head for another number of classes', async () => {
    const preset = presetById('nano-single');
    const three = { ...preset, network: { ...preset.network, classes: 3 } };
    const start = await startModel(three, 'nano-single', fromFolder(`${models}nano-single`));
    expect(start.missing).toEqual(['head/logits/kernel', 'head/logits/bias']);
    expect(start.weights.has('head/logits/kernel')).toBe(false);
    expect(start.preset.network.classes).toBe(3);
  });

  it('rejects a model of another preset, and one whose golden classes differ', async () => {
    const preset = presetById('nano-single');
    await expect(startModel(preset, 'nano-add', fromFolder(`${models}nano-add`))).rejects.toThrow(
      'nano-add: the preset of this model is nano-add, but the configuration trains nano-single.',
    );
    const model = await exported(preset, { mean: [0, 0, 0], scale: [255, 255, 255] });
    await expect(startModel(preset, 'odd', reader(model))).rejects.toThrow(
      /odd: with these weights, nano-single does not reproduce the model's golden classes/,
    );
  });
});
