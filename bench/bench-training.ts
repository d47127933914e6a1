/** What the benchmarks train: a preset at a size, with a configuration that has everything the schema requires. */
import { presetById, type Preset } from '../src/model/presets.ts';
import { trainingConfigSchema, type TrainingConfig } from '../src/training/training-config.ts';

/** A preset with slices and contexts of another size. */
export function presetAt(id: string, px: number): Preset {
  const preset = presetById(id);
  const contextPx = preset.contextPx === null ? null : preset.contextKind === 'same' ? px / 2 : px;
  return { ...preset, slicePx: px, contextPx };
}

/** Four classes, AdamW, batch norms with fixed statistics; the learning rate stays what it is for as many steps as run here. */
export function benchConfig(preset: string, batch: number, learningRate: number): TrainingConfig {
  return trainingConfigSchema.parse({
    preset,
    id: 'bench',
    title: '',
    description: '',
    seed: 1,
    steps: 1e9,
    batch,
    sampling: [1, 1, 1, 1],
    contextLoss: 0,
    batchNorm: 'frozen',
    optimiser: { learningRate, warmup: 0, weightDecay: 0.01 },
    classes: ['a', 'b', 'c', 'd'].map((name) => ({ name, colour: '#000000', background: false })),
    provenance: { data: '', synthetic: true, dataLicence: '', licence: '', split: '', intendedUse: '' },
  });
}
