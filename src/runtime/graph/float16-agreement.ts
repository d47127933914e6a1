import { classAgreement, type ClassAgreement } from '../class-agreement.ts';
import { segmentGolden } from '../golden-check.ts';
import { loadModel } from '../load-model.ts';
import { ModelError } from '../manifest.ts';
import type { SliceMaps } from '../segmenter.ts';
import { exportModel, type ExportRequest, type GoldenInputs } from './export-model.ts';
import type { WeightType } from './weight-shards.ts';

/**
 * Measures what storing the weights in half precision does to a model's classes, on TF.js's current backend.
 * @param samples slices with their contexts, at least one; the more and the more varied, the better.
 * @throws any error of `exportModel`.
 */
export async function float16Agreement(
  request: Omit<ExportRequest, 'dtype' | 'golden'>,
  samples: readonly GoldenInputs[],
): Promise<ClassAgreement> {
  return classAgreement(
    await segmented(request, samples, 'float16'),
    await segmented(request, samples, 'float32'),
  );
}

async function segmented(
  request: Omit<ExportRequest, 'dtype' | 'golden'>,
  samples: readonly GoldenInputs[],
  dtype: WeightType,
): Promise<SliceMaps[]> {
  const [golden] = samples;
  if (golden === undefined) throw new RangeError('At least one sample is needed.');
  const { manifest, files } = await exportModel({ ...request, golden, dtype });
  const segmenter = await loadModel(manifest.id, async (name) => {
    const data = files.get(name);
    if (data !== undefined) return data;
    throw new ModelError('not-found', name, 'The file was not exported.', 'Export the model again.');
  });
  try {
    const results: SliceMaps[] = [];
    for (const sample of samples) results.push(await segmentGolden(segmenter, sample));
    return results;
  } finally {
    segmenter.dispose();
  }
}
