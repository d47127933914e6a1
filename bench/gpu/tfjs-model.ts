/** Speed of one model on TF.js's current backend, in a page. */
import { loadModel } from '../../src/runtime/load-model.ts';
import type { ReadFile } from '../../src/runtime/model-files.ts';
import { segmentAll, slicesOf, square } from './segment-inputs.ts';
import { repeat, rounded, type Figures } from './job.ts';

export async function measureTfjsModel(id: string, readFile: ReadFile, seconds: number): Promise<Figures> {
  const segmenter = await loadModel(id, readFile);
  const { context } = segmenter.manifest;
  const started = performance.now();
  await segmenter.warmUp?.();
  const figures: Record<string, unknown> = { warmUpMs: rounded(performance.now() - started) };
  const features = context === null ? null : segmenter.encodeContext(square(context.sizePx, 101));
  for (const batch of [1, 8, 32]) {
    const slices = slicesOf(segmenter.manifest, batch);
    await segmentAll(segmenter, slices, features);
    const { fastestMs } = await repeat(seconds, () => segmentAll(segmenter, slices, features));
    figures[`batch ${String(batch)}`] = { msPerSlice: rounded(fastestMs / batch) };
  }
  features?.dispose();
  segmenter.dispose();
  return figures;
}
