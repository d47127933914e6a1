/** Speed of inference through the native segmenter, and the share of pixels with the processor's class. */
import { join } from 'node:path';
import { fullSizeLogits } from '../../src/model/network.ts';
import { classAgreement } from '../../src/runtime/class-agreement.ts';
import { recordNetwork } from '../../src/runtime/graph/graph-model.ts';
import { fromFolder } from '../../src/runtime/load-model.node.ts';
import type { ModelManifest } from '../../src/runtime/manifest.ts';
import { graphsOf } from '../../src/runtime/native/native-graphs.ts';
import { importOnnxRuntime, nativeRuntime } from '../../src/runtime/native/native-runtime.node.ts';
import { NativeSegmenter } from '../../src/runtime/native/native-segmenter.ts';
import { startNodeBackend } from '../../src/runtime/native/start-backend.node.ts';
import type { Segmenter, SliceMaps } from '../../src/runtime/segmenter.ts';
import { untrainedNetwork } from '../../src/runtime/untrained-weights.ts';
import { contextCost, presetCost } from '../../src/runtime/zoo.ts';
import {
  executionProvider,
  rateOf,
  repeat,
  rounded,
  type Figures,
  type InferenceJob,
  type Provider,
  type Surroundings,
} from './job.ts';
import { presetAt } from '../bench-training.ts';
import { segmentAll, slicesOf, square } from './segment-inputs.ts';

/** Slices compared with the processor's. */
const comparedSlices = 8;

export async function measureInference(job: InferenceJob, surroundings: Surroundings): Promise<Figures> {
  const figures: Record<string, unknown> = {};
  const started = performance.now();
  const segmenter = await load(job.model, job.provider, surroundings);
  const { manifest } = segmenter;
  const macs = slicesMacs(job.model, manifest);
  const contextImage = manifest.context === null ? null : square(manifest.context.sizePx, 101);
  await segmenter.warmUp?.();
  figures.startMs = rounded(performance.now() - started);
  const features = contextImage === null ? null : segmenter.encodeContext(contextImage);
  for (const batch of job.batches) {
    const slices = slicesOf(manifest, batch);
    const run = (): Promise<SliceMaps[]> => segmentAll(segmenter, slices, features);
    try {
      await run(); // compiles for this size
      const timing = await repeat(job.seconds, run);
      figures[`batch ${String(batch)}`] = {
        msPerSlice: rounded(timing.fastestMs / batch),
        medianMsPerSlice: rounded(timing.medianMs / batch),
        ...rateOf(macs * batch, timing.fastestMs, surroundings, job.provider),
      };
    } catch (error) {
      figures[`batch ${String(batch)}`] = { error: messageOf(error) };
    }
  }
  if (contextImage !== null) {
    // With a slice after it, since features are computed only when they are needed.
    const both = await repeat(job.seconds / 2, async () => {
      const fresh = segmenter.encodeContext(contextImage);
      await segmentAll(segmenter, slicesOf(manifest, 1), fresh);
      fresh.dispose();
    });
    figures.contextAndSliceMs = both.fastestMs;
  }
  if (job.provider !== 'cpu') {
    const slices = slicesOf(manifest, comparedSlices);
    const found = await segmentAll(segmenter, slices, features);
    const reference = await load(job.model, 'cpu', surroundings);
    const theirs = contextImage === null ? null : reference.encodeContext(contextImage);
    const expected = await segmentAll(reference, slices, theirs);
    const { share, confidenceDifference } = classAgreement(found, expected);
    figures.agreement = rounded(share);
    figures.confidenceDifference = rounded(confidenceDifference);
    theirs?.dispose();
    reference.dispose();
  }
  features?.dispose();
  segmenter.dispose();
  return figures;
}

async function load(
  model: string,
  provider: Provider,
  { models, threads }: Surroundings,
): Promise<Segmenter> {
  const name = executionProvider(provider);
  if (!model.includes('@')) {
    const backend = await startNodeBackend(name, [], { threads });
    return backend.loadModel(model, fromFolder(join(models, model)));
  }
  const [id = '', px = ''] = model.split('@');
  const preset = presetAt(id, Number(px));
  const { variables } = untrainedNetwork(preset, Number(px));
  const recorded = recordNetwork((ops, input) => fullSizeLogits(ops, input, preset.network), variables, {
    slice: preset.slicePx,
    context: preset.contextPx,
  });
  const field = (sizePx: number): object => ({ fieldUm: 1, sizePx, kind: preset.contextKind });
  // What the segmenter reads of a manifest.
  const manifest = {
    id: model,
    slice: field(preset.slicePx),
    context: preset.contextPx === null ? null : field(preset.contextPx),
    classes: Array.from({ length: preset.network.classes }, (_, i) => ({ name: String(i) })),
  } as unknown as ModelManifest;
  return new NativeSegmenter(
    manifest,
    graphsOf(recorded),
    nativeRuntime(await importOnnxRuntime(), name, threads),
  );
}

/** Multiply-adds of one slice whose context is encoded. */
function slicesMacs(model: string, manifest: ModelManifest): number {
  const [id = '', px = ''] = model.includes('@')
    ? model.split('@')
    : [manifest.preset, String(manifest.slice.sizePx)];
  const preset = presetAt(id, Number(px));
  return presetCost(preset).macs - (preset.contextPx === null ? 0 : contextCost(preset).macs);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
