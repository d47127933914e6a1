/** Losses over pixels. The cross-entropy has an explicit gradient: two kernels instead of a dozen. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * Cross-entropy of softmax(logits) against one-hot truth, averaged over pixels by their weights.
 * @param logits [n, h, w, classes]
 * @param truth [n, h, w, classes], one-hot times the pixel's weight, float32; all zeros for a pixel that does
 *   not count
 * @returns scalar
 */
export function crossEntropy(logits: tf.Tensor4D, truth: tf.Tensor4D): tf.Scalar {
  const run = tf.customGrad((...args: unknown[]) => {
    const [x, save] = args as [tf.Tensor4D, tf.GradSaveFunc];
    const probabilities = tf.softmax(x); // [n, h, w, classes]
    const counted = tf.sum(truth, -1, true); // [n, h, w, 1], the pixel's weight
    const pixels = tf.sum(counted); // scalar, sum of weights
    const weighted = tf.sum(tf.mul(probabilities, truth), -1, true); // [n, h, w, 1]
    const likelihood = tf.divNoNan(weighted, counted); // [n, h, w, 1]
    const log = tf.log(tf.maximum(likelihood, 1e-7));
    const value = tf.div<tf.Scalar>(tf.neg(tf.sum(tf.mul(log, counted))), pixels);
    save([probabilities, truth, counted, pixels]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const [p, t, c, total] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return tf.mul(tf.sub(tf.mul(p, c), t), tf.div(dy, total));
    };
    return { value, gradFunc };
  });
  return run(logits);
}

/**
 * Soft Dice loss (Milletari et al. 2016, without squares): 1 minus the mean over classes of
 * 2 Σ p t / (Σ p + Σ t), over the pixels that count.
 * @param logits [n, h, w, classes]
 * @param truth [n, h, w, classes], as for the cross-entropy; weights other than 0 are equal here
 * @returns scalar, 0 to 1
 */
export function diceLoss(logits: tf.Tensor4D, truth: tf.Tensor4D): tf.Scalar {
  const isClass = tf.cast(tf.greater(truth, 0), 'float32'); // [n, h, w, classes]
  const counts = tf.max(isClass, -1, true); // [n, h, w, 1]
  const probabilities = tf.mul(tf.softmax(logits), counts); // [n, h, w, classes]
  const overlap = tf.sum(tf.mul(probabilities, isClass), [0, 1, 2]); // [classes]
  const sizes = tf.add(tf.sum(probabilities, [0, 1, 2]), tf.sum(isClass, [0, 1, 2])); // [classes]
  const dice = tf.div(tf.add(tf.mul(overlap, 2), 1), tf.add(sizes, 1)); // [classes]; 1 for a class that neither side contains
  return tf.sub(1, tf.mean(dice));
}
