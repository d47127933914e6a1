/** Weights of a run measured on its validation patients: exported as they would ship, and run by the engine. */
import { createComparison, figuresOf, pool, type Comparison } from '../evaluation/comparison.ts';
import type { ValidationPoint } from '../evaluation/report/training-report.ts';
import type { Preset } from '../model/presets.ts';
import { loadModel } from '../runtime/load-model.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { Weights } from '../runtime/variables.ts';
import type { DatasetItem } from '../training/datasets/dataset.ts';
import { exportRun } from '../training/export-run.ts';
import type { Sample } from '../training/sample.ts';
import type { TrainingConfig } from '../training/training-config.ts';
import { fixedNetwork } from '../segment/network.ts';
import { evaluateImage } from './evaluate-image.ts';

export interface Validator {
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly items: readonly DatasetItem[];
  /** For the export's golden check. */
  readonly unseen: Sample;
}

/** Slices without overlap, all images pooled. @throws ModelError, SlideError, DatasetError */
export async function validateWeights(
  { preset, config, items, unseen }: Validator,
  weights: Weights,
  step: number,
): Promise<{ point: ValidationPoint; comparison: Comparison }> {
  const { files } = await exportRun({
    preset,
    config,
    weights,
    unseen: [unseen],
    steps: step,
    metrics: null,
    date: new Date().toISOString().slice(0, 10),
    codeVersion: '',
  });
  const segmenter = await loadModel(config.id, (name) => {
    const bytes = files.get(name);
    return bytes === undefined
      ? Promise.reject(new ModelError('not-found', name, 'The export made no such file.', 'Report this.'))
      : Promise.resolve(new Uint8Array(bytes));
  });
  try {
    const pooled = createComparison(config.classes.length);
    for (const item of items)
      pool(pooled, (await evaluateImage(item, fixedNetwork(segmenter), 0)).comparison);
    const { iou, miou, accuracy } = figuresOf(pooled);
    return { point: { step, loss: null, iou, miou, accuracy }, comparison: pooled };
  } finally {
    segmenter.dispose();
  }
}
