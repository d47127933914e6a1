import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { initialiseBackend, type RunningBackend } from './backend-initialise.ts';
import type { BackendPlatform } from './backend-probe.ts';
import type { BackendName } from './backend.ts';

/** The platform of a Node process: no graphics, wasm read from node_modules. */
export function nodePlatform(): BackendPlatform {
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

/** Starts TF.js in Node. @throws ModelError `backend` when the wanted backend is missing. */
export async function initialiseNodeBackend(wanted: BackendName | null = null): Promise<RunningBackend> {
  return initialiseBackend(wanted, nodePlatform());
}
