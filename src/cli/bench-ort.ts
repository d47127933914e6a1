/**
 * Compares TF.js with ONNX Runtime Web: both on wasm with one thread, in this process, in alternating runs, with the
 * same network. Weights are untrained; speed does not depend on their values.
 */
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { dispose, tensor4d, tidy, type io, type Tensor } from '@tensorflow/tfjs-core';
import type * as Ort from 'onnxruntime-web/wasm';
import { fullSizeLogits } from '../model/network.ts';
import { presetById } from '../model/presets.ts';
import { GraphExecutor } from '../runtime/graph-executor.ts';
import type { TopologyNode } from '../runtime/node-attributes.ts';
import { graphNames, recordNetwork, toGraphModel } from '../runtime/graph/graph-model.ts';
import { toOnnx } from '../runtime/onnx/onnx-model.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { untrainedNetwork } from '../runtime/untrained-weights.ts';

export interface OrtFigures {
  /** Milliseconds of alternating runs: one slice with its context, from pixels to class and confidence. */
  readonly tfjsMs: readonly number[];
  readonly ortMs: readonly number[];
  /** Share of pixels with the same class. */
  readonly agreement: number;
}

interface InputPixels {
  readonly data: Float32Array;
  readonly shape: [number, number, number, number];
}

/** Runs a network. The result is class * 256 + confidence per pixel. */
interface Runner {
  run(): Promise<Int32Array>;
  close(): Promise<void>;
}

/**
 * @param manifest gives preset and input sizes.
 * @returns null if ONNX Runtime Web, an optional dependency, is not installed.
 */
export async function compareWithOrt(
  manifest: Pick<ModelManifest, 'preset' | 'slice' | 'context'>,
  repeats: number,
): Promise<OrtFigures | null> {
  const ort = await import('onnxruntime-web/wasm').catch(() => null);
  if (ort === null) return null;
  const { network } = presetById(manifest.preset);
  const slice = manifest.slice.sizePx;
  const context = manifest.context?.sizePx ?? null;
  const { variables } = untrainedNetwork(presetById(manifest.preset), slice);
  const recorded = recordNetwork((ops, input) => fullSizeLogits(ops, input, network), variables, {
    slice,
    context,
  });
  const inputs = inputsOf(slice, context, recorded.sliceInContext !== null);
  const onTfjs = await tfjsRunner(toGraphModel(recorded, 'float32', 'bench'), inputs);
  const onOrt = await ortRunner(ort, toOnnx(recorded, { dtype: 'float32', producer: 'bench' }), inputs);
  try {
    const [first, second] = [await onTfjs.run(), await onOrt.run()];
    const same = first.filter((value, i) => value >> 8 === (second[i] ?? 0) >> 8).length;
    const tfjsMs: number[] = [];
    const ortMs: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      tfjsMs.push(await millisecondsOf(() => onTfjs.run()));
      ortMs.push(await millisecondsOf(() => onOrt.run()));
    }
    return { tfjsMs, ortMs, agreement: same / first.length };
  } finally {
    await onTfjs.close();
    await onOrt.close();
  }
}

/** The network's inputs by name, filled with a fixed pattern. */
function inputsOf(slice: number, context: number | null, withBox: boolean): Map<string, InputPixels> {
  const pixels = (side: number): InputPixels => ({
    data: Float32Array.from({ length: 3 * side * side }, (_value, i) => (i * 7919) % 256),
    shape: [1, side, side, 3],
  });
  const inputs = new Map<string, InputPixels>([[graphNames.slice, pixels(slice)]]);
  if (context !== null) inputs.set(graphNames.context, pixels(context));
  if (withBox) {
    inputs.set(graphNames.sliceInContext, {
      data: Float32Array.of(0.4, 0.4, 0.6, 0.6),
      shape: [1, 1, 1, 4],
    });
  }
  return inputs;
}

async function tfjsRunner(
  files: ReturnType<typeof toGraphModel>,
  inputs: ReadonlyMap<string, InputPixels>,
): Promise<Runner> {
  const json = JSON.parse(new TextDecoder().decode(files.modelJson)) as {
    readonly modelTopology: { readonly node: readonly TopologyNode[] };
    readonly weightsManifest: readonly [{ readonly weights: io.WeightsManifestEntry[] }];
  };
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest[0].weights,
      weightData: files.shards.map(({ data }) => data.buffer),
    }),
  });
  const executor = GraphExecutor.of(json.modelTopology.node, model.weights);
  return {
    run: async () => {
      const packed = tidy(() => {
        const feeds = Object.fromEntries(
          [...inputs].map(([name, { data, shape }]) => [name, tensor4d(data, shape)]),
        );
        const [result] = executor?.execute(feeds, [graphNames.packed]) ?? [
          model.execute(feeds, graphNames.packed) as Tensor,
        ];
        if (result === undefined) throw new Error('The graph has no output.');
        return result;
      });
      const values = await packed.data<'int32'>();
      dispose(packed);
      return values;
    },
    close: async () => Promise.resolve(model.dispose()),
  };
}

async function ortRunner(
  ort: typeof Ort,
  onnx: Uint8Array,
  inputs: ReadonlyMap<string, InputPixels>,
): Promise<Runner> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(onnx, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  return {
    run: async () => {
      const feeds = Object.fromEntries(
        [...inputs].map(([name, { data, shape }]) => [name, new ort.Tensor('float32', data, shape)]),
      );
      const { packed } = await session.run(feeds, [graphNames.packed]);
      return packed?.data as Int32Array;
    },
    close: () => session.release(),
  };
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
