/** Starts one of TF.js's backends, with the guards that TF.js lacks. */
import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend, type BackendChoice, type BackendEnvironment, type BackendName } from './backend.ts';
import { describeAdapter, probeBackends, requestAdapter, type BackendPlatform } from './backend-probe.ts';
import { ModelError } from './manifest.ts';

/**
 * The result of `work`, and whether the device did what it was asked: `sound` rejects with a ModelError
 * `backend` if it did not. WebGPU stays silent when memory runs out or a shader does not compile, and
 * continues with whatever is in memory. Only what `work` requests before its first await is watched.
 */
export type Watch = <T>(work: () => T) => { readonly result: T; readonly sound: Promise<void> };

export interface RunningBackend<Name extends string = BackendName> extends BackendChoice<Name> {
  /** Resolves with the reason when the graphics device is lost; all its tensors are gone. */
  readonly lost: Promise<string>;
  readonly watch: Watch;
}

/** What differs between running backends. */
type Guards = Pick<RunningBackend, 'lost' | 'watch'>;

/**
 * Chooses a backend, starts it and makes it TF.js's current one. If it does not start, the next best one is
 * tried and the reason says so, unless `wanted` names one. A backend that ran before is restarted.
 * @param failed backends to avoid; the reason mentions them.
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
      // TF.js refuses software WebGL by default; here it was requested explicitly.
      tf.env().set('SOFTWARE_WEBGL_ENABLED', true);
      await reactivate('webgl');
      return { ...choice, lost: webGlLost(), watch: unwatched };
    }
    case 'wasm': {
      const wasm = await import('@tensorflow/tfjs-backend-wasm');
      wasm.setWasmPaths(
        typeof platform.wasmPaths === 'string' ? platform.wasmPaths : { ...platform.wasmPaths },
      );
      if (typeof environment.wasm !== 'string') wasm.setThreadsCount(environment.wasm.threads);
      if (!platform.crossOriginIsolated) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
      await reactivate('wasm');
      return { ...choice, lost: never(), watch: unwatched };
    }
    case 'cpu':
      await import('@tensorflow/tfjs-backend-cpu');
      await reactivate('cpu');
      return { ...choice, lost: never(), watch: unwatched };
  }
}

/** TF.js keeps a backend that has run, and would reuse its broken wasm module or WebGL context. */
async function reactivate(name: BackendName): Promise<void> {
  const factory = tf.findBackendFactory(name);
  // A backend that has not run yet exists only as a factory.
  if (factory != null && tf.engine().registry[name] !== undefined) {
    discard(name);
    tf.registerBackend(name, factory);
  }
  await activate(name);
}

/** Removes a backend; a broken one may fail even at that. */
function discard(name: BackendName): void {
  try {
    tf.removeBackend(name);
  } catch {
    // The backend's `dispose` threw before TF.js removed it.
    delete tf.engine().registry[name];
    delete tf.engine().registryFactory[name];
  }
}

async function activate(name: BackendName): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js could not start ${name}`);
  await tf.ready();
}

/**
 * TF.js's own start assumes that an adapter exists and ignores a lost device. So the device is requested
 * here, with the limits that TF.js's kernels need.
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
  // In browsers the module has registered itself; in Node, without navigator.gpu, it has not.
  if (tf.findBackendFactory('webgpu') != null) discard('webgpu');
  // Memory held by the previous device would be unavailable to this one.
  present?.destroy();
  present = device;
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info), 3);
  await activate('webgpu');
  const lost = device.lost.then(({ reason, message }) => message || reason);
  return { lost, watch: watchOf(device, describeAdapter(adapter).name) };
}

/** The device that TF.js runs on; null where it has none. */
let present: GPUDevice | null = null;

/** WebGPU reports failures only through error scopes. */
function watchOf(device: GPUDevice, name: string): Watch {
  const filters = ['out-of-memory', 'internal', 'validation'] as const;
  return (work) => {
    for (const filter of filters) device.pushErrorScope(filter);
    const scopes: Promise<GPUError | null>[] = [];
    try {
      const result = work();
      return { result, sound: Promise.all(pop(scopes)).then((errors) => throwFirst(errors, name)) };
    } finally {
      // Also when `work` throws: scopes left open would catch the next call's errors.
      void pop(scopes);
    }
  };

  function pop(scopes: Promise<GPUError | null>[]): Promise<GPUError | null>[] {
    while (scopes.length < filters.length) {
      // Rejects if the device was lost meanwhile; `lost` reports that.
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
      : `The graphics device ${device} rejected a computation (${error.message.split('\n')[0] ?? ''}).`,
    'Close other pages that use the graphics card, or segment with ?backend=wasm.',
  );
}

/** For backends whose kernels throw on their own. */
const unwatched: Watch = (work) => ({ result: work(), sound: Promise.resolve() });

/** Resolves when the WebGL context that TF.js has just created is lost. */
function webGlLost(): Promise<string> {
  const { gpgpu } = tf.backend() as unknown as { readonly gpgpu: { readonly gl: WebGL2RenderingContext } };
  return new Promise((resolve) => {
    gpgpu.gl.canvas.addEventListener('webglcontextlost', () => resolve('the WebGL context was lost'), {
      once: true,
    });
  });
}

/** For backends that are never lost. */
function never(): Promise<string> {
  return new Promise(() => undefined);
}

/** TF.js sometimes rejects with plain objects. */
function describe(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
