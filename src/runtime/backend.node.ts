import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { initialiseBackend, type RunningBackend } from './backend-initialise.ts';
import type { BackendPlatform } from './backend-probe.ts';
import type { BackendName } from './backend.ts';
import { ModelError } from './manifest.ts';

/** The platform of a Node process: wasm from node_modules, graphics only through `gpu`. */
export function nodeBackendPlatform(gpu: GPU | null = null): BackendPlatform {
  const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  return {
    gpu,
    webgl: () => null,
    // TF.js's wasm backend has no threads in Node.
    crossOriginIsolated: false,
    logicalCores: os.availableParallelism(),
    wasmPaths: `${path.join(path.dirname(file), 'dist')}${path.sep}`,
  };
}

/**
 * Starts TF.js in Node. WebGPU runs only on request: it needs the optional npm package `webgpu` (Dawn) and a
 * driver for Vulkan, Metal or Direct3D 12.
 * @param failed backends that must not be chosen any more.
 * @throws ModelError `backend` when the wanted backend is missing.
 */
export async function initialiseNodeBackend(
  wanted: BackendName | null = null,
  failed: readonly BackendName[] = [],
): Promise<RunningBackend> {
  if (wanted !== 'webgpu') return initialiseBackend(wanted, nodeBackendPlatform(), failed);
  const gpu = await dawn();
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) {
    throw new ModelError(
      'backend',
      'webgpu',
      'Dawn finds no usable graphics adapter.',
      'Install the graphics card’s driver (on Linux with Vulkan; mesa-vulkan-drivers includes a software one), or use --backend wasm.',
    );
  }
  return initialiseBackend(wanted, nodeBackendPlatform(gpu));
}

/** Dawn must outlive every object it created. */
let instance: GPU | null = null;

/** WebGPU as in browsers, with its classes as globals, which TF.js expects. */
async function dawn(): Promise<GPU> {
  if (instance !== null) return instance;
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    const gpu = create([]);
    // Where TF.js looks for it. Node has a navigator from version 21 on.
    const { navigator } = globalThis as { readonly navigator?: object };
    const holder = navigator ?? {};
    Object.defineProperty(holder, 'gpu', { value: gpu, configurable: true });
    if (navigator === undefined)
      Object.defineProperty(globalThis, 'navigator', { value: holder, configurable: true });
    instance = gpu;
    return gpu;
  } catch (error) {
    throw new ModelError(
      'backend',
      'webgpu',
      'The npm package "webgpu" is not installed or has no build for this machine.',
      'Install it with "npm install webgpu", or use --backend wasm.',
      { cause: error },
    );
  }
}
