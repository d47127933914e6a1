/** For tests in Node: starts TF.js on a named backend, with the wasm files of its own package. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

let prepared = false;

export async function useTestBackend(name: 'cpu' | 'wasm'): Promise<void> {
  if (!prepared)
    setWasmPaths(new URL('../../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).pathname);
  prepared = true;
  await tf.setBackend(name);
  await tf.ready();
}
