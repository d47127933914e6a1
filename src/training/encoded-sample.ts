/** A training sample for frozen encoders: what they see in its images takes the images' place. */
import { encoderFeatures, firstFeatures, readsContext } from '../model/network.ts';
import type { Preset } from '../model/presets.ts';
import { CostOps } from '../runtime/cost.ts';
import type { Sample } from './sample.ts';
import type { TrainingConfig } from './training-config.ts';

export interface EncodedSample extends Pick<Sample, 'classes' | 'contextClasses' | 'place'> {
  /** All maps of `encodedMaps`, one after the other. */
  readonly features: Float32Array;
}

/** What a training step takes: the encoders either are part of it or have run before. */
export type TrainingSample = Sample | EncodedSample;

/** One map of an encoder's pyramid for one sample. */
export interface EncodedMap {
  /** Of the graphs' inputs and outputs. */
  readonly name: string;
  readonly encoder: 'slice' | 'context';
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export function isEncoded(sample: TrainingSample): sample is EncodedSample {
  return 'features' in sample;
}

export function hasImages(sample: TrainingSample): sample is Sample {
  return !isEncoded(sample);
}

/** Which stages of the encoders are frozen, and have features that stay the same: all, or all but the last. */
export type FrozenStages = Pick<TrainingConfig, 'freezeEncoders'>;

/** Encoders as far as they are frozen. */
export function frozenFeatures({
  freezeEncoders,
}: FrozenStages): typeof encoderFeatures | typeof firstFeatures {
  return freezeEncoders === 'stages-1-to-3' ? firstFeatures : encoderFeatures;
}

/**
 * The maps of a network's frozen stages: those of the slice, then those of the context, strides 4 to 32 each, or 4 to 16
 * where the last stage trains.
 * @throws Error for a U-Net, which has no encoder of its own.
 */
export function encodedMaps({ network, slicePx, contextPx }: Preset, frozen: FrozenStages): EncodedMap[] {
  const ops = new CostOps();
  const features = frozenFeatures(frozen);
  const of = (encoder: EncodedMap['encoder'], side: number): EncodedMap[] =>
    features(ops, [1, side, side, 3], encoder, network).map(
      ([, height, width, channels], stage): EncodedMap => ({
        name: featureName(encoder, stage),
        encoder,
        channels,
        height,
        width,
      }),
    );
  const slice = of('slice', slicePx);
  return contextPx !== null && readsContext(network) ? [...slice, ...of('context', contextPx)] : slice;
}

/** @param stage from 0, the finest */
export function featureName(encoder: EncodedMap['encoder'], stage: number): string {
  return `features/${encoder}/${String(4 << stage)}`;
}

/** Number of values in a map. */
export function sizeOfMap({ channels, height, width }: EncodedMap): number {
  return channels * height * width;
}
