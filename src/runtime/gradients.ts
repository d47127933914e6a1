/**
 * Gradients for training that TF.js lacks or computes slowly: batch norm by the batch's own statistics,
 * crop-and-resize, and max pooling on the wasm backend.
 */
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

interface Pool {
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

/**
 * @param x [n, h, w, c] input of the pooling
 * @param dy [n, h', w', c] gradient of its output
 * @param dx [n, h, w, c] is overwritten; ties go to the first pixel of the window, row by row
 */
export function maxPoolGradient(
  x: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
  [n, h, w, c]: readonly [number, number, number, number],
  [outHeight, outWidth]: readonly [number, number],
  { kernel, stride, pad }: Pool,
): void {
  dx.fill(0);
  const lineMax = new Float32Array(h * outWidth * c); // [h, w', c]
  const lineAt = new Int32Array(lineMax.length); // offset of that maximum within the image
  for (let image = 0; image < n; image++) {
    const base = image * h * w * c;
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < outWidth; column++) {
        const out = (row * outWidth + column) * c;
        const from = Math.max(0, column * stride - pad);
        const to = Math.min(w, column * stride - pad + kernel);
        for (let channel = 0; channel < c; channel++) {
          let at = (row * w + from) * c + channel;
          let best = x[base + at]!;
          for (let next = at + c, k = from + 1; k < to; k++, next += c) {
            const value = x[base + next]!;
            if (value > best) {
              best = value;
              at = next;
            }
          }
          lineMax[out + channel] = best;
          lineAt[out + channel] = at;
        }
      }
    }
    for (let row = 0; row < outHeight; row++) {
      const from = Math.max(0, row * stride - pad);
      const to = Math.min(h, row * stride - pad + kernel);
      for (let column = 0; column < outWidth; column++) {
        const out = ((image * outHeight + row) * outWidth + column) * c;
        for (let channel = 0; channel < c; channel++) {
          let line = (from * outWidth + column) * c + channel;
          let best = lineMax[line]!;
          let at = lineAt[line]!;
          for (let k = from + 1; k < to; k++) {
            line += outWidth * c;
            if (lineMax[line]! > best) {
              best = lineMax[line]!;
              at = lineAt[line]!;
            }
          }
          dx[base + at] = dx[base + at]! + dy[out + channel]!;
        }
      }
    }
  }
}

/** What a kernel of the wasm backend may use to reach its tensors. */
interface WasmHeap {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array;
}

/** Replaces the wasm backend's kernel by the gradient above. Call once, before training on wasm. */
export function registerMaxPoolGradient(): void {
  if (tf.getKernel('MaxPoolGrad', 'wasm') !== undefined) tf.unregisterKernel('MaxPoolGrad', 'wasm');
  tf.registerKernel({
    kernelName: 'MaxPoolGrad',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const heap = backend as WasmHeap;
      const { dy, input } = inputs as { dy: tf.TensorInfo; input: tf.TensorInfo };
      const { filterSize, strides, pad } = attrs as unknown as tf.MaxPoolGradAttrs;
      const dx = heap.makeOutput(input.shape, 'float32');
      const pool = { kernel: single(filterSize), stride: single(strides), pad: single(pad) };
      const shape = input.shape as [number, number, number, number];
      const outSize = [dy.shape[1]!, dy.shape[2]!] as const;
      // The views come last: an allocation may move the heap.
      const [x, gradient, out] = [input, dy, dx].map((info) => heap.typedArrayFromHeap(info));
      maxPoolGradient(x!, gradient!, out!, shape, outSize, pool);
      return dx;
    },
  });
}

/** Networks here pool only squares with symmetric padding. */
function single(value: unknown): number {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first !== 'number') throw new Error('maxPool needs a number for kernel, stride and padding.');
  return first;
}
