/**
 * Runs the same weights on the wasm backends of TF.js and ONNX Runtime Web, alternately, in this page: a slice with its
 * context, from float32 pixels to class and confidence, including the read-back.
 */
import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as ort from 'onnxruntime-web/wasm';
import ortModule from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import ortWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { initialiseBackend } from '../../src/runtime/backend-initialise.ts';
import { browserBackendPlatform } from '../../src/runtime/backend-probe.ts';
import { GraphExecutor } from '../../src/runtime/graph-executor.ts';
import type { TopologyNode } from '../../src/runtime/node-attributes.ts';
import { wasmUrls } from '../../src/runtime/wasm-urls.ts';

interface Call {
  readonly graphUrl: string;
  readonly onnxUrl: string;
  readonly slice: number;
  readonly context: number | null;
  /** Number of threads for both. */
  readonly threads: number;
  readonly repeats: number;
}

interface Times {
  readonly tfjsMs: number[];
  readonly ortMs: number[];
  /** Share of pixels with the same class. */
  readonly agreement: number;
  readonly crossOriginIsolated: boolean;
  readonly tfjsDevice: string;
  readonly tfjsThreads: number;
  readonly ortThreads: number;
}

function noise(side: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: side * side * 3 }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return (state >> 8) & 255;
  });
}

async function measure(call: Call): Promise<Times> {
  // The platform gives TF.js half of the logical cores as threads.
  // TF.js uses at most half of the number that the browser reports.
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * call.threads });
  const platform = { ...browserBackendPlatform(wasmUrls), logicalCores: 2 * call.threads };
  const backend = await initialiseBackend('wasm', platform);
  const model = await loadGraphModel(call.graphUrl);
  const { modelTopology } = (await (await fetch(call.graphUrl)).json()) as {
    readonly modelTopology: { readonly node: readonly TopologyNode[] };
  };
  // As in the app.
  const executor = GraphExecutor.of(modelTopology.node, model.weights);
  ort.env.wasm.numThreads = call.threads;
  ort.env.wasm.wasmPaths = { mjs: ortModule, wasm: ortWasm };
  const session = await ort.InferenceSession.create(call.onnxUrl, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  const pixels: Record<string, { data: Float32Array; sides: [number, number, number, number] }> = {
    slice: { data: noise(call.slice), sides: [1, call.slice, call.slice, 3] },
  };
  if (call.context !== null) {
    pixels.context = { data: noise(call.context), sides: [1, call.context, call.context, 3] };
    pixels.slice_in_context = { data: Float32Array.of(0.4, 0.4, 0.6, 0.6), sides: [1, 1, 1, 4] };
  }
  const given = session.inputNames.map((name) => {
    const input = pixels[name];
    if (input === undefined) throw new Error(`No value for the network's input "${name}".`);
    return { name, ...input };
  });
  const onTfjs = async (): Promise<Int32Array> => {
    const result = tf.tidy(() => {
      const inputs = given.map(({ name, data, sides }) => [name, tf.tensor4d(data, sides)] as const);
      const [packed] = executor?.execute(Object.fromEntries(inputs), ['packed']) ?? [];
      if (packed === undefined) throw new Error("The graph can't be run kernel by kernel.");
      return packed;
    });
    const values = await result.data<'int32'>();
    result.dispose();
    return values;
  };
  const onOrt = async (): Promise<Int32Array> => {
    const inputs = given.map(({ name, data, sides }) => [name, new ort.Tensor('float32', data, sides)]);
    const { packed } = await session.run(Object.fromEntries(inputs) as Record<string, ort.Tensor>, [
      'packed',
    ]);
    return packed?.data as Int32Array;
  };
  const [first, second] = [await onTfjs(), await onOrt()];
  const same = first.filter((value, i) => value >> 8 === (second[i] ?? 0) >> 8).length;
  await onTfjs();
  await onOrt();
  const tfjsMs: number[] = [];
  const ortMs: number[] = [];
  for (let repeat = 0; repeat < call.repeats; repeat++) {
    // Alternately, so that other load on the machine affects both.
    for (const [work, times] of [
      [onTfjs, tfjsMs],
      [onOrt, ortMs],
    ] as const) {
      const start = performance.now();
      await work();
      times.push(performance.now() - start);
    }
  }
  const { getThreadsCount } = await import('@tensorflow/tfjs-backend-wasm');
  return {
    tfjsMs,
    ortMs,
    agreement: same / first.length,
    crossOriginIsolated: globalThis.crossOriginIsolated,
    tfjsDevice: backend.device,
    tfjsThreads: tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT') ? getThreadsCount() : 1,
    ortThreads: ort.env.wasm.numThreads,
  };
}

Object.assign(window, { measure });
