/** Chooses and starts the backend of a Node process. */
import os from 'node:os';
import type { RunningBackend } from '../backend-initialise.ts';
import type { LoadOptions } from '../checked-model.ts';
import { ModelError } from '../manifest.ts';
import type { ReadFile } from '../model-files.ts';
import type { Segmenter } from '../segmenter.ts';
import { findGraphicsHardware, type GraphicsHardware } from './graphics-hardware.node.ts';
import {
  hasCudaProvider,
  importOnnxRuntime,
  probeMilliseconds,
  type OrtModule,
} from './native-runtime.node.ts';
import { ortReason } from './ort-error.ts';
import { nodeBackendLabels, type NativeBackendName, type NodeBackendName } from './node-backends.ts';

/** A backend with the models that run on it. */
export interface NodeBackend extends RunningBackend<NodeBackendName> {
  /**
   * @param id names the model in messages; the folder's name is a good choice.
   * @throws ModelError as `loadChecked` does.
   */
  loadModel(id: string, readFile: ReadFile, options?: LoadOptions): Promise<Segmenter>;
}

export interface NodeBackendOptions {
  /** Threads of the processor; all cores by default. TF.js has no threads in Node. */
  readonly threads?: number;
  /** What differs by machine; tests supply their own. */
  readonly machine?: Partial<Machine>;
}

export interface Machine {
  /** @throws Error when there is no library for this platform. */
  importRuntime(): Promise<OrtModule>;
  graphicsHardware(): GraphicsHardware | null;
  hasCudaProvider(): boolean;
  /** @throws Error when the provider does not start. */
  probe: typeof probeMilliseconds;
}

const thisMachine: Machine = {
  importRuntime: importOnnxRuntime,
  graphicsHardware: findGraphicsHardware,
  hasCudaProvider,
  probe: probeMilliseconds,
};

/**
 * Without `wanted`: CUDA or WebGPU where a graphics card computes faster than the processor, else the processor, else
 * TF.js.
 * @param failed backends to avoid.
 * @throws ModelError `backend` when the wanted one does not start.
 */
export async function startNodeBackend(
  wanted: NodeBackendName | null = null,
  failed: readonly NodeBackendName[] = [],
  { threads = os.availableParallelism(), machine = {} }: NodeBackendOptions = {},
): Promise<NodeBackend> {
  const found = { ...thisMachine, ...machine };
  if (wanted === 'tfjs') return startTfjs('It was requested.');
  let ort: OrtModule;
  try {
    ort = await found.importRuntime();
  } catch (error) {
    const problem = `onnxruntime-node does not load on ${os.platform()}-${os.arch()} (${ortReason(error)})`;
    const remedy = 'Install it with "npm install onnxruntime-node@1.30.0"';
    if (wanted !== null) {
      throw new ModelError('backend', wanted, `${problem}.`, `${remedy}, or use --backend tfjs.`, {
        cause: error,
      });
    }
    return startTfjs(`${problem}, so networks run several times slower. ${remedy}.`);
  }
  if (wanted !== null) return startWanted(ort, wanted, threads, found);

  const obstacles: string[] = failed.map((name) => `${nodeBackendLabels[name]} failed in this run`);
  const card = await fastestCard(ort, threads, found, failed, obstacles);
  if (card !== null) return card;
  if (failed.includes('cpu')) return startTfjs(sentence(obstacles));
  return native({ name: 'cpu', device: threadsText(threads), reason: sentence(obstacles) }, threads);
}

/** @param obstacles receives the reasons why a card is not used. */
async function fastestCard(
  ort: OrtModule,
  threads: number,
  machine: Machine,
  failed: readonly NodeBackendName[],
  obstacles: string[],
): Promise<NodeBackend | null> {
  const hardware = machine.graphicsHardware();
  if (hardware === null) {
    if (failed.length === 0) obstacles.push('no graphics card was found');
    return null;
  }
  let processorMs: number | null = null;
  for (const name of ['cuda', 'webgpu'] as const) {
    if (failed.includes(name)) continue;
    const label = nodeBackendLabels[name];
    if (name === 'cuda') {
      if (!hardware.nvidia) continue;
      if (!machine.hasCudaProvider()) {
        obstacles.push('the CUDA libraries of onnxruntime-node are not installed');
        continue;
      }
    }
    try {
      const cardMs = await machine.probe(ort, name, threads);
      processorMs ??= await machine.probe(ort, 'cpu', threads);
      if (cardMs < processorMs) {
        const reason = sentence([
          ...obstacles,
          `${label} is ${(processorMs / cardMs).toFixed(1)} times as fast as the processor`,
        ]);
        return native({ name, device: hardware.name, reason }, threads);
      }
      obstacles.push(`${label} on ${hardware.name} is slower than the processor`);
    } catch (error) {
      obstacles.push(`${label} does not start (${ortReason(error)})`);
    }
  }
  return null;
}

async function startWanted(
  ort: OrtModule,
  name: NativeBackendName,
  threads: number,
  machine: Machine,
): Promise<NodeBackend> {
  const choice = { name, reason: 'It was requested.' };
  if (name === 'cpu') return native({ ...choice, device: threadsText(threads) }, threads);
  try {
    await machine.probe(ort, name, threads, 8);
  } catch (error) {
    throw startFailure(name, error);
  }
  const device = machine.graphicsHardware()?.name ?? 'an adapter of unknown kind';
  return native({ ...choice, device }, threads);
}

/** @param error of ONNX Runtime */
export function startFailure(name: Exclude<NativeBackendName, 'cpu'>, error: unknown): ModelError {
  return new ModelError(
    'backend',
    name,
    `${nodeBackendLabels[name]} does not start: ${ortReason(error)}.`,
    `${remedies[name]} Or use --backend cpu.`,
    { cause: error },
  );
}

const remedies: Readonly<Record<Exclude<NativeBackendName, 'cpu'>, string>> = {
  cuda: 'Install CUDA 12, cuDNN 9 and the CUDA libraries of onnxruntime-node (docs/command-line.md says how).',
  webgpu: 'Install the graphics card’s driver, on Linux with Vulkan.',
  coreml: 'Core ML exists only on macOS.',
  dml: 'DirectML exists only on Windows.',
};

function native(
  choice: { readonly name: NativeBackendName; readonly device: string; readonly reason: string },
  threads: number,
): NodeBackend {
  return {
    ...choice,
    // A lost device makes the next run fail, which reports it.
    lost: new Promise(() => undefined),
    watch: (work) => ({ result: work(), sound: Promise.resolve() }),
    loadModel: async (id, readFile, options) => {
      const { loadChecked } = await import('../checked-model.ts');
      const { graphsOf } = await import('./native-graphs.ts');
      const { lanesOf, ThreadedSegmenter } = await import('./threaded-segmenter.node.ts');
      return loadChecked(
        id,
        readFile,
        ({ manifest }, network) => {
          // A card has one queue.
          const lanes =
            choice.name === 'cpu'
              ? lanesOf(threads, 4 * manifest.parameters)
              : { lanes: 1, threadsPerLane: threads };
          return ThreadedSegmenter.start(manifest, graphsOf(network), { provider: choice.name, ...lanes });
        },
        options,
      );
    },
  };
}

async function startTfjs(reason: string): Promise<NodeBackend> {
  const { initialiseNodeBackend } = await import('../backend.node.ts');
  const { loadModel } = await import('../load-model.ts');
  const running = await initialiseNodeBackend('wasm');
  return { ...running, name: 'tfjs', reason, loadModel };
}

function threadsText(threads: number): string {
  return threads === 1 ? '1 thread' : `${threads} threads`;
}

/** Clauses as one sentence. */
function sentence(parts: readonly string[]): string {
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
