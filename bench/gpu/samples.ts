/** Synthetic inputs of the benchmark: images with structure, so that ReLUs and maxima behave as on tissue. */
import type { Preset } from '../../src/model/presets.ts';
import { presetById } from '../../src/model/presets.ts';
import type { Sample } from '../../src/training/sample.ts';
import { trainingConfigSchema, type TrainingConfig } from '../../src/training/training-config.ts';
import { image } from './segment-inputs.ts';

const classes = 4;

/** A preset with slices and contexts of another size. */
export function presetAt(id: string, px: number): Preset {
  const preset = presetById(id);
  const contextPx = preset.contextPx === null ? null : preset.contextKind === 'same' ? px / 2 : px;
  return { ...preset, slicePx: px, contextPx };
}

/** A batch whose classes follow the images' waves, so that training on it lowers the loss. */
export function samplesOf({ slicePx, contextPx }: Preset, count: number): Sample[] {
  const truth = (side: number, seed: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: side * side }, (_, i) => {
      const wave = Math.sin(((i % side) + 7 * seed) / 6) * Math.cos((Math.floor(i / side) - 3 * seed) / 9);
      return Math.min(classes - 1, Math.floor(((wave + 1) / 2) * classes));
    });
  return Array.from({ length: count }, (_, index) => ({
    slice: image(slicePx, index + 1, 3),
    classes: truth(slicePx, index + 1),
    context: contextPx === null ? null : image(contextPx, index + 101, 3),
    contextClasses: contextPx === null ? null : truth(contextPx, index + 101),
    place: { x: 0.3, y: 0.3, size: 0.2 },
  }));
}

export function configOf(preset: string, batch: number): TrainingConfig {
  return trainingConfigSchema.parse({
    preset,
    id: 'bench',
    title: '',
    description: '',
    seed: 1,
    steps: 10_000,
    batch,
    sampling: Array.from({ length: classes }, () => 1),
    contextLoss: 0,
    batchNorm: 'frozen',
    optimiser: { learningRate: 1e-3, warmup: 0, weightDecay: 0.01 },
    classes: ['a', 'b', 'c', 'd'].map((name) => ({ name, colour: '#000000', background: false })),
    provenance: { data: '', synthetic: true, dataLicence: '', licence: '', split: '', intendedUse: '' },
  });
}
