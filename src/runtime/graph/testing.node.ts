import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

/** Makes TF.js's wasm backend, read from node_modules, the current one. */
export async function useWasm(): Promise<void> {
  const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  setWasmPaths(`${path.dirname(file)}/dist/`);
  await tf.setBackend('wasm');
  await tf.ready();
}
