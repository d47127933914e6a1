/** Starts one of TF.js's backends, guarded where TF.js itself is not. */
import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend, type BackendChoice, type BackendEnvironment, type BackendName } from './backend.ts';
import { probeBackends, requestAdapter, type BackendPlatform } from './backend-probe.ts';
import { ModelError } from './manifest.ts';

export interface RunningBackend extends BackendChoice {
  /** Resolves, with the reason, when the graphics device is lost: every tensor on it is gone. */
  readonly lost: Promise<string>;
}

/**
 * Chooses a backend, starts it and makes it TF.js's current one. When it cannot start, the next best one is
 * tried and the reason says so, unless `wanted` names one.
 * @throws ModelError `backend` when the wanted one is missing or cannot start.
 */
export async function initialiseBackend(
  wanted: BackendName | null,
  platform: BackendPlatform,
): Promise<RunningBackend> {
  let environment = await probeBackends(platform);
  for (;;) {
    const choice = chooseBackend(wanted, environment);
    try {
      return await start(choice, environment, platform);
    } catch (error) {
      const problem = describe(error);
      if (wanted !== null || choice.name === 'cpu') {
        throw new ModelError(
          'backend',
          choice.name,
          `The backend could not start on ${choice.device}: ${problem}.`,
          'Try another backend, for example ?backend=wasm, or update the browser.',
          { cause: error },
        );
      }
      environment = { ...environment, [choice.name]: `it could not start on ${choice.device} (${problem})` };
    }
  }
}

async function start(
  choice: BackendChoice,
  environment: BackendEnvironment,
  platform: BackendPlatform,
): Promise<RunningBackend> {
  switch (choice.name) {
    case 'webgpu':
      return { ...choice, ...(await startWebGpu(platform.gpu)) };
    case 'webgl': {
      await import('@tensorflow/tfjs-backend-webgl');
      // TF.js refuses software WebGL by default; whoever gets here has asked for it.
      tf.env().set('SOFTWARE_WEBGL_ENABLED', true);
      await activate('webgl');
      return { ...choice, lost: never() };
    }
    case 'wasm': {
      const wasm = await import('@tensorflow/tfjs-backend-wasm');
      wasm.setWasmPaths(
        typeof platform.wasmPaths === 'string' ? platform.wasmPaths : { ...platform.wasmPaths },
      );
      if (typeof environment.wasm !== 'string') wasm.setThreadsCount(environment.wasm.threads);
      if (!platform.crossOriginIsolated) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
      await activate('wasm');
      return { ...choice, lost: never() };
    }
    case 'cpu':
      await import('@tensorflow/tfjs-backend-cpu');
      await activate('cpu');
      return { ...choice, lost: never() };
  }
}

async function activate(name: BackendName): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js could not start ${name}`);
  await tf.ready();
}

/**
 * TF.js's own start takes the adapter for granted and does not notice when the device is lost; so the device
 * is requested here, with the limits that TF.js's kernels count on.
 */
async function startWebGpu(gpu: GPU | null): Promise<Pick<RunningBackend, 'lost'>> {
  const adapter = gpu === null ? null : await requestAdapter(gpu);
  if (adapter === null) throw new Error('there is no adapter');
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: (['timestamp-query', 'bgra8unorm-storage'] as const).filter((feature) =>
      adapter.features.has(feature),
    ),
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  // In browsers the module has registered itself; in Node, which has no navigator.gpu, it has not.
  if (tf.findBackendFactory('webgpu') != null) tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info), 3);
  await activate('webgpu');
  const lost = device.lost.then(({ reason, message }) => message || reason);
  return { lost };
}

/** Of backends that are never lost. */
function never(): Promise<string> {
  return new Promise(() => undefined);
}

/** TF.js rejects with plain objects at times. */
function describe(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
