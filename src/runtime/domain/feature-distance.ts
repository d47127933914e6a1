/**
 * How far a slice is from the training data, by what the first stages of the encoder see in it: the Mahalanobis distance
 * of the channels' means to those of training slices (Lee et al. 2018, "A simple unified framework for detecting
 * out-of-distribution samples and adversarial attacks", with one class). A model that was never shown such tissue still
 * gives every pixel a class; the distance says when not to believe it.
 */
import { ModelError } from '../manifest.ts';

/** Means of the encoder's channels over one slice, a list per stage. */
export type EncoderMeans = readonly Float32Array[];

/** A stage's statistics over training slices. */
export interface StageStatistics {
  /** [channels] */
  readonly mean: Float32Array;
  /** [channels] standard deviation */
  readonly deviation: Float32Array;
  /**
   * Inverse Cholesky factor of the channels' correlation matrix, lower triangle, row by row: `c (c + 1) / 2` values. It
   * makes the standardised channels uncorrelated.
   */
  readonly whitening: Float32Array;
}

/** Values that a stage of `channels` needs in the file. */
export function valuesOfStage(channels: number): number {
  return 2 * channels + (channels * (channels + 1)) / 2;
}

/** The statistics as the bytes of a file: per stage means, deviations, whitening; float32, little-endian. */
export function encodeStatistics(stages: readonly StageStatistics[]): Uint8Array<ArrayBuffer> {
  const values = stages.flatMap(({ mean, deviation, whitening }) => [...mean, ...deviation, ...whitening]);
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}

/**
 * The reverse of `encodeStatistics`.
 * @param channels of each stage.
 * @param file names it in errors.
 * @throws ModelError `bad-input` on another size, values that are not finite, or deviations that are not positive.
 */
export function decodeStatistics(
  bytes: Uint8Array,
  channels: readonly number[],
  file: string,
): StageStatistics[] {
  const wrong = (problem: string): ModelError =>
    new ModelError('bad-input', file, problem, 'Fetch or export the model again.');
  const expected = 4 * channels.reduce((sum, count) => sum + valuesOfStage(count), 0);
  if (bytes.length !== expected) {
    throw wrong(`Expected ${expected} bytes of statistics, found ${bytes.length}.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const next = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => {
      const value = view.getFloat32(at, true);
      at += 4;
      if (!Number.isFinite(value)) throw wrong('The statistics have values that are not finite numbers.');
      return value;
    });
  return channels.map((count) => {
    const [mean, deviation] = [next(count), next(count)];
    if (deviation.some((value) => value <= 0))
      throw wrong('The statistics have deviations that are not positive.');
    return { mean, deviation, whitening: next((count * (count + 1)) / 2) };
  });
}

/**
 * Geometric mean over the stages of their Mahalanobis distances, each divided by the root of its channels: about 1 for a
 * training slice.
 * @throws RangeError when means and statistics do not fit.
 */
export function featureDistance(stages: readonly StageStatistics[], means: EncoderMeans): number {
  if (stages.length === 0 || means.length !== stages.length) {
    throw new RangeError(`${means.length} stages were measured, the statistics have ${stages.length}.`);
  }
  const logs = stages.map((stage, i) => Math.log(stageDistance(stage, means[i]!)));
  return Math.exp(logs.reduce((sum, value) => sum + value, 0) / stages.length);
}

function stageDistance({ mean, deviation, whitening }: StageStatistics, measured: Float32Array): number {
  const channels = mean.length;
  if (measured.length !== channels) {
    throw new RangeError(`${measured.length} channels were measured, the statistics have ${channels}.`);
  }
  const standard = measured.map((value, c) => (value - mean[c]!) / deviation[c]!);
  let squares = 0;
  for (let row = 0, i = 0; row < channels; row++) {
    let sum = 0;
    for (let column = 0; column <= row; column++, i++) sum += whitening[i]! * standard[column]!;
    squares += sum * sum;
  }
  // Never 0, whose logarithm would hide the other stages.
  return Math.max(1e-6, Math.sqrt(squares / channels));
}
