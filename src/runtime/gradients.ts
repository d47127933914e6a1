/** Gradients that TF.js lacks: batch norm by the batch's own statistics, and crop-and-resize. */
import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM_EPSILON } from '../model/ops.ts';

interface BatchStatistics {
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

/**
 * @param x [n, h, w, c]
 * @param boxes [n, 4] y1, x1, y2, x2; 0 is the first pixel's centre, 1 the last's
 * @returns [n, height, width, c]
 */
export function differentiableCropResize(
  x: tf.Tensor4D,
  boxes: tf.Tensor2D,
  height: number,
  width: number,
): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const run = tf.customGrad((...args: unknown[]) => {
    const [image, save] = args as [tf.Tensor4D, tf.GradSaveFunc];
    const indices = tf.range(0, n, 1, 'int32');
    const value = tf.image.cropAndResize(image, boxes, indices, [height, width], 'bilinear', 0);
    save([boxes]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const [y1, x1, y2, x2] = tf.split<tf.Tensor2D>(saved[0] as tf.Tensor2D, 4, 1);
      const rows = interpolation(y1!, y2!, height, h); // [n, height, h]
      const columns = interpolation(x1!, x2!, width, w); // [n, width, w]
      const down = tf.matMul(tf.transpose(rows, [0, 2, 1]), tf.reshape(dy, [n, height, width * c]));
      const lines = tf.reshape(tf.transpose(tf.reshape(down, [n, h, width, c]), [0, 2, 1, 3]), [
        n,
        width,
        h * c,
      ]);
      const across = tf.matMul(tf.transpose(columns, [0, 2, 1]), lines); // [n, w, h·c]
      return tf.transpose(tf.reshape(across, [n, w, h, c]), [0, 2, 1, 3]);
    };
    return { value, gradFunc };
  });
  return run(x);
}

/**
 * The matrix that samples `outSize` points between fractions `from` and `to` of `inSize` pixels: [n, outSize,
 * inSize]. Each row is a tent of width 1 around its sampling point; rows outside the image are 0.
 */
function interpolation(from: tf.Tensor2D, to: tf.Tensor2D, outSize: number, inSize: number): tf.Tensor3D {
  const steps = outSize > 1 ? tf.div(tf.range(0, outSize, 1), outSize - 1) : tf.fill([1], 0.5);
  const at = tf.mul(tf.add(from, tf.mul(tf.sub(to, from), tf.reshape(steps, [1, outSize]))), inSize - 1);
  const distance = tf.abs(tf.sub(tf.expandDims(at, 2), tf.reshape(tf.range(0, inSize, 1), [1, 1, inSize])));
  const inside = tf.logicalAnd(tf.greaterEqual(at, 0), tf.lessEqual(at, inSize - 1));
  return tf.mul(tf.relu(tf.sub(1, distance)), tf.expandDims(tf.cast(inside, 'float32'), 2));
}
