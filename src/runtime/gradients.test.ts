/** Our gradients against TF.js's own on the cpu backend, which is an independent implementation. */
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNormByBatch, batchStatistics, differentiableCropResize } from './gradients.ts';
import { differentiableConv2d } from './differentiable-conv.ts';
import { useTestBackend } from './test-backend.ts';

/** Largest difference relative to the largest value. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let scale = 1e-12;
  for (let i = 0; i < expected.length; i++) {
    error = Math.max(error, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  expect(actual.length).toBe(expected.length);
  return error / scale;
}

describe('differentiableConv2d', () => {
  beforeAll(async () => {
    await useTestBackend('wasm');
  });

  const cases = [
    { size: 9, channels: 3, filters: 5, kernel: 3, stride: 1 },
    { size: 9, channels: 3, filters: 5, kernel: 3, stride: 2 },
    { size: 8, channels: 4, filters: 2, kernel: 3, stride: 2 },
    { size: 8, channels: 4, filters: 6, kernel: 1, stride: 1 },
    { size: 9, channels: 4, filters: 6, kernel: 1, stride: 2 },
    { size: 8, channels: 4, filters: 6, kernel: 1, stride: 2 },
    { size: 16, channels: 3, filters: 4, kernel: 7, stride: 2 },
    { size: 15, channels: 3, filters: 4, kernel: 7, stride: 2 },
    { size: 12, channels: 8, filters: 16, kernel: 3, stride: 1 }, // whole tiles
    { size: 12, channels: 8, filters: 16, kernel: 3, stride: 2 },
    { size: 4, channels: 2, filters: 9, kernel: 5, stride: 1 },
    { size: 70, channels: 4, filters: 8, kernel: 3, stride: 1 }, // more pixels than are summed at a time
  ];
  for (const { size, channels, filters, kernel, stride } of cases) {
    for (const activation of ['linear', 'relu'] as const) {
      it(`k${kernel} s${stride} ${size}px ${activation}`, async () => {
        const x = tf.randomNormal<tf.Rank.R4>([2, size, size + 1, channels], 0, 1, 'float32', 1);
        const k = tf.randomNormal<tf.Rank.R4>([kernel, kernel, channels, filters], 0, 1, 'float32', 2);
        const b = tf.randomNormal<tf.Rank.R1>([filters], 0, 1, 'float32', 3);
        const tensors = tf.memory().numTensors;
        const ours = tf.grads((xx: tf.Tensor, kk: tf.Tensor, bb: tf.Tensor) => {
          const y = differentiableConv2d(xx as tf.Tensor4D, kk as tf.Tensor4D, bb as tf.Tensor1D, {
            kernelSize: kernel,
            stride,
            activation,
            inputNeedsGradient: true,
          });
          return tf.sum(tf.mul(y, tf.sin(y)));
        })([x, k, b]);
        expect(tf.memory().numTensors).toBe(tensors + 3);
        const actual = await Promise.all(ours.map((g) => g.data()));
        const values = await Promise.all([x, k, b].map((t) => t.data()));
        const pad = (kernel - 1) / 2;
        await useTestBackend('cpu');
        const copies = [x, k, b].map((t, i) => tf.tensor(Float32Array.from(values[i]!), t.shape));
        const theirs = tf.grads((xx: tf.Tensor, kk: tf.Tensor, bb: tf.Tensor) => {
          // Explicit zero padding, so that TF.js's own gradient covers symmetric padding at stride 2.
          const padded = tf.pad(xx, [
            [0, 0],
            [pad, pad],
            [pad, pad],
            [0, 0],
          ]) as tf.Tensor4D;
          const y = tf.add(tf.conv2d(padded, kk as tf.Tensor4D, stride, 'valid'), bb);
          const z = activation === 'relu' ? tf.relu(y) : y;
          return tf.sum(tf.mul(z, tf.sin(z)));
        })(copies);
        const expected = await Promise.all(theirs.map((g) => g.data()));
        await useTestBackend('wasm');
        actual.forEach((gradient, i) => {
          expect(relativeError(gradient, expected[i]!)).toBeLessThan(1e-4);
        });
      });
    }
  }
});

describe('differentiableCropResize', () => {
  it('has the gradient that finite differences give', async () => {
    await useTestBackend('cpu');
    const values = Array.from({ length: 2 * 5 * 4 * 2 }, (_, i) => Math.sin(i * 1.7));
    const boxes = tf.tensor2d([0.1, 0.2, 0.7, 0.9, -0.2, 0.05, 0.5, 1.3], [2, 4]); // partly outside
    const loss = (data: number[]): number =>
      tf.tidy(() => {
        const x = tf.tensor4d(data, [2, 5, 4, 2]);
        const y = differentiableCropResize(x, boxes, 3, 6);
        return tf.sum(tf.mul(y, tf.cos(y))).dataSync()[0]!;
      });
    const gradient = tf.grad((x: tf.Tensor) => {
      const y = differentiableCropResize(x as tf.Tensor4D, boxes, 3, 6);
      return tf.sum(tf.mul(y, tf.cos(y)));
    })(tf.tensor4d(values, [2, 5, 4, 2]));
    const actual = await gradient.data();
    const step = 1e-2;
    const expected = values.map((_, i) => {
      const moved = (by: number): number[] => values.map((v, j) => (i === j ? v + by : v));
      return (loss(moved(step)) - loss(moved(-step))) / (2 * step);
    });
    expect(relativeError(actual, expected)).toBeLessThan(2e-3);
  });
});

describe('batchNormByBatch', () => {
  it('has the gradients that TF.js derives from the definition', async () => {
    await useTestBackend('cpu');
    const x = tf.randomNormal<tf.Rank.R4>([2, 3, 4, 5], 1, 2, 'float32', 5);
    const gamma = tf.randomNormal<tf.Rank.R1>([5], 1, 0.5, 'float32', 6);
    const beta = tf.randomNormal<tf.Rank.R1>([5], 0, 1, 'float32', 7);
    const weigh = (y: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.sin(y), y));
    const ours = tf.grads((xx: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => {
      const image = xx as tf.Tensor4D;
      return weigh(batchNormByBatch(image, g as tf.Tensor1D, b as tf.Tensor1D, batchStatistics(x)));
    })([x, gamma, beta]);
    const theirs = tf.grads((xx: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => {
      const { mean, variance } = tf.moments(xx, [0, 1, 2]);
      return weigh(tf.add(tf.mul(tf.div(tf.sub(xx, mean), tf.sqrt(tf.add(variance, 1e-5))), g), b));
    })([x, gamma, beta]);
    for (const [i, gradient] of ours.entries()) {
      expect(relativeError(await gradient.data(), await theirs[i]!.data())).toBeLessThan(1e-4);
    }
  });
});
