/**
 * Batch norm with the batch's own statistics and an explicit gradient (Ioffe & Szegedy 2015), for training
 * from scratch. TF.js would need some thirty kernels for the backward pass; this needs ten.
 */
import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM_EPSILON } from '../model/ops.ts';

export interface BatchStatistics {
  /** [c] */
  readonly mean: tf.Tensor1D;
  /** [c], biased (divided by n, not n - 1). */
  readonly variance: tf.Tensor1D;
}

/** Mean and variance over all axes but channels. Not differentiated: `batchNormByBatch` accounts for them. */
export function batchStatistics(x: tf.Tensor4D): BatchStatistics {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return { mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/**
 * @param x [n, h, w, c]
 * @param gamma [c]
 * @param beta [c]
 * @param statistics of this x; the gradient passes through them
 * @returns [n, h, w, c]
 */
export function batchNormByBatch(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  { mean, variance }: BatchStatistics,
): tf.Tensor4D {
  const axes = [0, 1, 2];
  const run = tf.customGrad((...args: unknown[]) => {
    const [image, scale, shift, save] = args as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    const inverse = tf.rsqrt(tf.add(variance, BATCH_NORM_EPSILON)); // [c]
    const normed = tf.mul(tf.sub(image, mean), inverse); // [n, h, w, c]
    const value = tf.add(tf.mul(normed, scale), shift);
    save([normed, inverse, scale]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [xHat, inv, g] = saved as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
      const pixels = dy.size / dy.shape[3]!;
      const dBeta = tf.sum(dy, axes); // [c]
      const dGamma = tf.sum(tf.mul(dy, xHat), axes); // [c]
      const centred = tf.sub(tf.sub(dy, tf.div(dBeta, pixels)), tf.mul(xHat, tf.div(dGamma, pixels)));
      return [tf.mul(centred, tf.mul(g, inv)), dGamma, dBeta];
    };
    return { value, gradFunc };
  });
  return run(x, gamma, beta) as tf.Tensor4D;
}
