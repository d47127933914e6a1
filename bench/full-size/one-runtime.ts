/**
 * Runs a model's golden inputs in this process, which measures its memory, and writes the classes to a file:
 *
 *     npx tsx bench/full-size/one-runtime.ts eager|native MODEL_FOLDER CLASSES_FILE [PRESET]
 *
 * `eager` computes with the preset's random weights in float32 and unfolded batch norms, `native` what was exported.
 */
import { writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { fullSizeLogits } from '../../src/model/network.ts';
import { presetById } from '../../src/model/presets.ts';
import { initialiseNodeBackend } from '../../src/runtime/backend.node.ts';
import { EagerOps } from '../../src/runtime/eager.ts';
import { goldenInputs, segmentGolden } from '../../src/runtime/golden-check.ts';
import { fromFolder } from '../../src/runtime/load-model.node.ts';
import { readManifest } from '../../src/runtime/model-files.ts';
import { startNodeBackend } from '../../src/runtime/native/start-backend.node.ts';
import { untrainedNetwork } from '../../src/runtime/untrained-weights.ts';
import { VariableStore } from '../../src/runtime/variables.ts';
import { timed, type RowTimes } from './row.ts';

const [runtime = '', folder = '', file = '', presetId = ''] = process.argv.slice(2);
const readFile = fromFolder(folder);
const { ms, classes } = runtime === 'eager' ? await eagerly() : await natively();
await writeFile(file, classes);
const megabytes = process.resourceUsage().maxRSS / 1e3;
console.log(JSON.stringify({ ms, megabytes } satisfies RowTimes));
process.exit(0);

async function natively(): Promise<{ readonly ms: number; readonly classes: Uint8Array }> {
  const backend = await startNodeBackend('cpu');
  const segmenter = await backend.loadModel('full-size', readFile);
  const inputs = await goldenInputs(segmenter.manifest, readFile);
  const { ms, maps } = await timed(() => segmentGolden(segmenter, inputs));
  return { ms, classes: maps.classes };
}

async function eagerly(): Promise<{ readonly ms: number; readonly classes: Uint8Array }> {
  await initialiseNodeBackend('wasm');
  const manifest = await readManifest('full-size', readFile);
  const inputs = await goldenInputs(manifest, readFile);
  const preset = presetById(presetId);
  const px = manifest.slice.sizePx;
  const store = new VariableStore(1);
  store.load(untrainedNetwork(preset, px).variables);
  const ops = new EagerOps(store, { norm: 'reference', dropoutSeed: null });
  const image = (rgb: Uint8Array): tf.Tensor4D => tf.tensor4d(Float32Array.from(rgb), [1, px, px, 3]);
  const start = performance.now();
  const classes = tf.tidy(() => {
    const place = inputs.sliceInContext;
    const box =
      place && tf.tensor4d([place.y, place.x, place.y + place.size, place.x + place.size], [1, 1, 1, 4]);
    const logits = fullSizeLogits(
      ops,
      {
        slice: ops.input(image(inputs.slice)),
        context: inputs.context && ops.input(image(inputs.context)),
        sliceInContext: box && ops.input(box),
      },
      preset.network,
    );
    return tf.argMax(logits.tensor, 3).dataSync();
  });
  return { ms: performance.now() - start, classes: Uint8Array.from(classes) };
}
