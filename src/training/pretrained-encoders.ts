/** ImageNet weights for every encoder of a preset. */
import { readsContext } from '../model/network.ts';
import type { Preset } from '../model/presets.ts';
import type { Weights, WeightArray } from '../runtime/variables.ts';
import { presetCost } from '../runtime/zoo.ts';
import { loadImageNetWeights, type PretrainedEncoder } from './imagenet-weights.ts';

export interface PretrainedPreset {
  /** Takes images, and halves them, as the weights were trained with. */
  readonly preset: Preset;
  readonly weights: Weights;
  /** Kernels of the encoders that start at random. */
  readonly missing: readonly string[];
}

/**
 * @param folder of weights, as for `loadImageNetWeights`
 * @throws Error when the folder can't be read, or the preset has no encoder that the weights are for.
 */
export async function pretrainedPreset(preset: Preset, folder: string): Promise<PretrainedPreset> {
  const { network } = preset;
  if (network.kind === 'unet') {
    throw new Error(`${preset.id}: U-Net has no encoder with ImageNet weights. Leave out "encoderWeights".`);
  }
  const { variables } = presetCost(preset);
  const slice = await loadImageNetWeights(folder, variables, 'slice/encoder');
  const encoders: PretrainedEncoder[] = [slice];
  if (readsContext(network)) {
    encoders.push(await loadImageNetWeights(folder, variables, 'context/encoder'));
  }
  const weights = new Map<string, WeightArray>(encoders.flatMap((encoder) => [...encoder.weights]));
  if (weights.size === 0) throw new Error(`${folder}: none of these weights fits ${preset.id}. Give others.`);
  const { preprocessing, strideOn } = slice;
  const contextEncoder = network.contextEncoder === null ? null : { ...network.contextEncoder, strideOn };
  return {
    preset: {
      ...preset,
      network: {
        ...network,
        preprocessing,
        sliceEncoder: { ...network.sliceEncoder, strideOn },
        contextEncoder,
      },
    },
    weights,
    missing: encoders.flatMap((encoder) => [...encoder.missing]),
  };
}
