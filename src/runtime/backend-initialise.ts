/** Starts one of TF.js's backends, guarded where TF.js itself is not. */
import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend, type BackendChoice, type BackendEnvironment, type BackendName } from './backend.ts';
import { describeAdapter, probeBackends, requestAdapter, type BackendPlatform } from './backend-probe.ts';
import { ModelError } from './manifest.ts';

/**
 * What `work` gave, and whether what it asked the device for was done: `sound` rejects with a ModelError
 * `backend` where it was not. WebGPU says nothing where memory is short or a shader can't be compiled; it goes on
 * with what happens to be in memory. What `work` asks for after its first await is not watched.
 */
export type Watch = <T>(work: () => T) => { readonly result: T; readonly sound: Promise<void> };

export interface RunningBackend extends BackendChoice {
  /** Resolves, with the reason, when the graphics device is lost: every tensor on it is gone. */
  readonly lost: Promise<string>;
  readonly watch: Watch;
}

/** What differs by backend once it runs. */
type Guards = Pick<RunningBackend, 'lost' | 'watch'>;

/**
 * Chooses a backend, starts it and makes it TF.js's current one. When it cannot start, the next best one is
 * tried and the reason says so, unless `wanted` names one. One that ran before is started anew.
 * @param failed backends that are not to be chosen any more; the reason says so.
 * @throws ModelError `backend` when the wanted one is missing or cannot start.
 */
export async function initialiseBackend(
  wanted: BackendName | null,
  platform: BackendPlatform,
  failed: readonly BackendName[] = [],
): Promise<RunningBackend> {
  let environment = await probeBackends(platform);
  for (const name of failed) environment = { ...environment, [name]: `${name} failed in this run` };
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
      await activateAnew('webgl');
      return { ...choice, lost: webGlLost(), watch: unwatched };
    }
    case 'wasm': {
      const wasm = await import('@tensorflow/tfjs-backend-wasm');
      wasm.setWasmPaths(
        typeof platform.wasmPaths === 'string' ? platform.wasmPaths : { ...platform.wasmPaths },
      );
      if (typeof environment.wasm !== 'string') wasm.setThreadsCount(environment.wasm.threads);
      if (!platform.crossOriginIsolated) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
      await activateAnew('wasm');
      return { ...choice, lost: never(), watch: unwatched };
    }
    case 'cpu':
      await import('@tensorflow/tfjs-backend-cpu');
      await activateAnew('cpu');
      return { ...choice, lost: never(), watch: unwatched };
  }
}

/** TF.js keeps a backend that has run, and would go on with a wasm module or WebGL context that is broken. */
async function activateAnew(name: BackendName): Promise<void> {
  const factory = tf.findBackendFactory(name);
  // A backend that has not run is not there yet, only its factory.
  if (factory != null && tf.engine().registry[name] !== undefined) {
    discard(name);
    tf.registerBackend(name, factory);
  }
  await activate(name);
}

/** Takes a backend away; one that is broken may fail even at that. */
function discard(name: BackendName): void {
  try {
    tf.removeBackend(name);
  } catch {
    // `dispose` of the backend threw before TF.js had forgotten it.
    delete tf.engine().registry[name];
    delete tf.engine().registryFactory[name];
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
async function startWebGpu(gpu: GPU | null): Promise<Guards> {
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
  if (tf.findBackendFactory('webgpu') != null) discard('webgpu');
  // Whatever the last device still holds would be missing to this one.
  present?.destroy();
  present = device;
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info), 3);
  await activate('webgpu');
  const lost = device.lost.then(({ reason, message }) => message || reason);
  return { lost, watch: watchOf(device, describeAdapter(adapter).name) };
}

/** The device that TF.js runs on; null where it runs on none. */
let present: GPUDevice | null = null;

/** Error scopes are how WebGPU says that it could not do what it was asked for. */
function watchOf(device: GPUDevice, name: string): Watch {
  const filters = ['out-of-memory', 'internal', 'validation'] as const;
  return (work) => {
    for (const filter of filters) device.pushErrorScope(filter);
    const scopes: Promise<GPUError | null>[] = [];
    try {
      const result = work();
      return { result, sound: Promise.all(pop(scopes)).then((errors) => throwFirst(errors, name)) };
    } finally {
      // Also where `work` throws: scopes that stay open would be the next call's.
      void pop(scopes);
    }
  };

  function pop(scopes: Promise<GPUError | null>[]): Promise<GPUError | null>[] {
    while (scopes.length < filters.length) {
      // A device that was lost meanwhile rejects; that is told by `lost`.
      scopes.push(device.popErrorScope().catch(() => null));
    }
    return scopes;
  }
}

function throwFirst(errors: readonly (GPUError | null)[], device: string): void {
  const error = errors.find((each) => each !== null);
  if (error == null) return;
  const short = typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError;
  throw new ModelError(
    'backend',
    'webgpu',
    short
      ? `The graphics device ${device} is out of memory.`
      : `The graphics device ${device} refused a computation (${error.message.split('\n')[0] ?? ''}).`,
    'Close other pages that use the graphics card, or segment with ?backend=wasm.',
  );
}

/** Backends whose kernels throw by themselves. */
const unwatched: Watch = (work) => ({ result: work(), sound: Promise.resolve() });

/** Resolves when the WebGL context that TF.js has just made is lost. */
function webGlLost(): Promise<string> {
  const { gpgpu } = tf.backend() as unknown as { readonly gpgpu: { readonly gl: WebGL2RenderingContext } };
  return new Promise((resolve) => {
    gpgpu.gl.canvas.addEventListener('webglcontextlost', () => resolve('the context of WebGL was lost'), {
      once: true,
    });
  });
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
