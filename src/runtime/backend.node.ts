import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { initialiseBackend, type RunningBackend } from './backend-initialise.ts';
import type { BackendPlatform } from './backend-probe.ts';

/** The platform of a Node process: TF.js has no graphics here, and wasm comes from node_modules. */
export function nodeBackendPlatform(): BackendPlatform {
  const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  return {
    gpu: null,
    webgl: () => null,
    // TF.js's wasm backend has no threads in Node.
    crossOriginIsolated: false,
    logicalCores: os.availableParallelism(),
    wasmPaths: `${path.join(path.dirname(file), 'dist')}${path.sep}`,
  };
}

/** Starts TF.js in Node. */
export function initialiseNodeBackend(wanted: 'wasm' | 'cpu'): Promise<RunningBackend> {
  return initialiseBackend(wanted, nodeBackendPlatform());
}
