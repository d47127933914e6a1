/** ONNX Runtime's native library in this process, and its sessions. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { dirname, join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { encodeModel } from '../onnx/onnx-messages.ts';
import { onnxOpset } from '../onnx/onnx-model.ts';
import type { NativeRuntime } from './native-segmenter.ts';
import type { NativeBackendName } from './node-backends.ts';

export type OrtModule = typeof Ort;

/** @throws Error when the package is not installed, or has no binary for this platform. */
export async function importOnnxRuntime(): Promise<OrtModule> {
  const module = await import('onnxruntime-node');
  // A CommonJS package: its exports are the default one.
  const ort = (module as { readonly default?: OrtModule }).default ?? module;
  // Its warnings are about where it computes which operation, and go to stderr.
  ort.env.logLevel = 'error';
  return ort;
}

/** Whether the CUDA provider's library is installed, which the package does not contain. */
export function hasCudaProvider(): boolean {
  try {
    const entry = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
    const folder = join(dirname(entry), 'bin', 'napi-v6', os.platform(), os.arch());
    const name =
      os.platform() === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so';
    return existsSync(join(folder, name));
  } catch {
    return false;
  }
}

/** @param threads threads of the processor's provider, and of operations that another provider lacks. */
export function nativeRuntime(ort: OrtModule, name: NativeBackendName, threads: number): NativeRuntime {
  const base: Ort.InferenceSession.SessionOptions = {
    executionProviders: [name],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // Threads that wait for work sleep instead of spinning: reading and decoding need the cores, too.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  return {
    Tensor: ort.Tensor,
    compiles: name !== 'cpu',
    createSession: (file, keepOnDevice) =>
      ort.InferenceSession.create(file, {
        ...base,
        ...(keepOnDevice && name === 'webgpu' && { preferredOutputLocation: 'gpu-buffer' }),
      }),
  };
}

/** Channels of the probe's maps. */
const probeChannels = 64;

/** Enough to compare providers by: 1.2 billion multiply-accumulates. */
const fullProbeSide = 128;

/**
 * Computes two convolutions on a provider.
 * @param side of their maps; a small one shows only that the provider works.
 * @returns milliseconds of the second run; the first one may compile.
 * @throws Error when the provider does not start.
 */
export async function probeMilliseconds(
  ort: OrtModule,
  name: NativeBackendName,
  threads: number,
  side = fullProbeSide,
): Promise<number> {
  const session = await nativeRuntime(ort, name, threads).createSession(probeFile(side), false);
  const shape = [1, probeChannels, side, side];
  const x = new ort.Tensor('float32', new Float32Array(probeChannels * side ** 2).fill(1), shape);
  await session.run({ x });
  const start = performance.now();
  await session.run({ x });
  const milliseconds = performance.now() - start;
  await session.release();
  return milliseconds;
}

function probeFile(side: number): Uint8Array {
  const kernel = new Float32Array(probeChannels ** 2 * 9).fill(1e-3);
  const attributes = { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } };
  return encodeModel(
    {
      name: 'probe',
      nodes: [
        { op: 'Conv', inputs: ['x', 'kernel'], outputs: ['y'], attributes },
        { op: 'Conv', inputs: ['y', 'kernel'], outputs: ['z'], attributes },
        { op: 'GlobalAveragePool', inputs: ['z'], outputs: ['mean'] },
      ],
      initializers: [
        {
          name: 'kernel',
          type: 'float32',
          shape: [probeChannels, probeChannels, 3, 3],
          data: new Uint8Array(kernel.buffer),
        },
      ],
      inputs: [{ name: 'x', type: 'float32', shape: [1, probeChannels, side, side] }],
      outputs: [{ name: 'mean', type: 'float32', shape: [1, probeChannels, 1, 1] }],
    },
    { opset: onnxOpset, producer: 'dualscope', metadata: {} },
  );
}
