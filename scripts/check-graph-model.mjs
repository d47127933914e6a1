/**
 * Checks that an exported model works without this project: serves the folder over HTTP, loads model.json with plain
 * `tf.loadGraphModel`, and runs the golden inputs twice: in one go, and with the context's features fetched first and
 * fed back. Prints one JSON object.
 *
 *     node scripts/check-graph-model.mjs models/nano-attention [cpu|wasm]
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

const [folder, backend = 'wasm'] = process.argv.slice(2);
if (folder === undefined) {
  console.error('Usage: node scripts/check-graph-model.mjs FOLDER [cpu|wasm]');
  process.exit(2);
}

const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
setWasmPaths(`${path.dirname(wasm)}/dist/`);
await tf.setBackend(backend);

const server = createServer((request, response) => {
  readFile(path.join(folder, path.basename(request.url ?? ''))).then(
    (data) => response.end(data),
    () => response.writeHead(404).end(),
  );
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const model = await tf.loadGraphModel(`http://127.0.0.1:${server.address().port}/model.json`);
server.close();

const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8'));
const { graph, golden } = manifest;

/** Golden RGB bytes as [1, side, side, 3]. */
async function image(file, side) {
  return tf.tensor4d(Float32Array.from(await readFile(path.join(folder, file))), [1, side, side, 3]);
}

/** The box of the slice in the context, pixel centre on pixel centre, in [0, 1]. */
function box({ x, y, size }, context, slice) {
  const at = (position) => Math.min(1 - 2 ** -16, Math.max(0, (position * context - 0.5) / (context - 1)));
  const half = size / (2 * slice);
  return tf.tensor4d([at(y + half), at(x + half), at(y + size - half), at(x + size - half)], [1, 1, 1, 4]);
}

const slice = { [graph.inputs.slice]: await image(golden.slice, manifest.slice.sizePx) };
if (graph.inputs.sliceInContext !== null) {
  slice[graph.inputs.sliceInContext] = box(
    golden.sliceInContext,
    manifest.context.sizePx,
    manifest.slice.sizePx,
  );
}
const context =
  graph.inputs.context === null
    ? {}
    : { [graph.inputs.context]: await image(golden.context, manifest.context.sizePx) };

const outputs = [graph.outputs.logits, graph.outputs.packed];
const [logits, packed] = model.execute({ ...slice, ...context }, outputs);
let splitDifference = 0;
if (graph.contextFeatures.length > 0) {
  const features = [model.execute(context, graph.contextFeatures)].flat();
  const fed = Object.fromEntries(graph.contextFeatures.map((name, index) => [name, features[index]]));
  const [split] = [model.execute({ ...slice, ...fed }, [graph.outputs.logits])].flat();
  const largest = tf.max(tf.abs(logits));
  splitDifference = (await tf.div(tf.max(tf.abs(tf.sub(split, logits))), largest).data())[0];
}

const classes = await packed.data();
const expected = await readFile(path.join(folder, golden.classes));
const equal = expected.filter((value, pixel) => value === classes[pixel] >> 8).length;
console.log(
  JSON.stringify({
    backend: tf.getBackend(),
    inputs: model.inputs.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    outputs: [logits, packed].map(({ shape, dtype }, index) => ({ name: outputs[index], shape, dtype })),
    agreement: equal / expected.length,
    splitDifference,
  }),
);
