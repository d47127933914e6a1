/** A small training without data: what the trainer's tests run on several providers. */
import type { ResNetConfig } from '../model/config.ts';
import { presetById, type Preset } from '../model/presets.ts';
import { mulberry32 } from '../runtime/variables.ts';
import type { Sample } from './sample.ts';
import { trainingConfigSchema, type TrainingConfig } from './training-config.ts';

/** A configuration with all that the schema requires. */
export function testConfig(changes: Partial<TrainingConfig> = {}): TrainingConfig {
  return trainingConfigSchema.parse({
    preset: 'nano-attention',
    id: 'test',
    title: 'test',
    description: '',
    seed: 3,
    steps: 6,
    batch: 2,
    sampling: [1, 1, 1, 1],
    contextLoss: 0.5,
    batchNorm: 'batch',
    optimiser: { learningRate: 1e-3, warmup: 2, weightDecay: 0.01 },
    classes: ['a', 'b', 'c', 'd'].map((name) => ({ name, colour: '#000000', background: false })),
    provenance: { data: '', synthetic: true, dataLicence: '', licence: '', split: '', intendedUse: '' },
    ...changes,
  });
}

/** A network with one block in each stage of its encoders: half as many weights and operations, of the same kinds. */
export function withShortEncoders(preset: Preset): Preset {
  if (preset.network.kind !== 'refinenet') return preset;
  const { sliceEncoder, contextEncoder, ...others } = preset.network;
  const short = (encoder: ResNetConfig): ResNetConfig => ({ ...encoder, blocks: [1, 1, 1, 1] });
  return {
    ...preset,
    network: {
      ...others,
      sliceEncoder: short(sliceEncoder),
      contextEncoder: contextEncoder === null ? null : short(contextEncoder),
    },
  };
}

/** `nano-attention` with short encoders, for slices and contexts of 32 pixels. */
export function testPreset(): Preset {
  return {
    ...withShortEncoders(presetById('nano-attention')),
    slicePx: 32,
    contextPx: 32,
    sliceFieldUm: 32,
    contextFieldUm: 160,
  };
}

/** `nano-single` with short encoders, for slices of 32 pixels: half as many shaders to compile. */
export function singleTestPreset(): Preset {
  return { ...withShortEncoders(presetById('nano-single')), slicePx: 32, sliceFieldUm: 32 };
}

/** Random pixels; class 4 is none of four classes and does not count. */
export function randomSample({ slicePx, contextPx }: Preset, seed: number): Sample {
  const random = mulberry32(seed);
  const bytes = (length: number, below: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length }, () => Math.floor(random() * below));
  return {
    slice: bytes(slicePx ** 2 * 3, 256),
    classes: bytes(slicePx ** 2, 5),
    context: contextPx === null ? null : bytes(contextPx ** 2 * 3, 256),
    contextClasses: contextPx === null ? null : bytes(contextPx ** 2, 5),
    place: { x: 0.1 + 0.5 * random(), y: 0.4, size: 0.2 },
  };
}
