import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useTestBackend } from '../runtime/test-backend.ts';
import { AdamW } from './optimiser.ts';
import { crossEntropy, diceLoss } from './loss.ts';

beforeAll(async () => {
  await useTestBackend('cpu');
});

describe('crossEntropy', () => {
  it('is the mean of -log p over the pixels that count', async () => {
    const logits = tf.tensor4d([1, 2, 0, 0, 3, -1], [1, 1, 3, 2]);
    const truth = tf.tensor4d([0, 1, 1, 0, 0, 0], [1, 1, 3, 2]);
    const p0 = Math.exp(2) / (Math.exp(1) + Math.exp(2));
    const expected = (-Math.log(p0) - Math.log(0.5)) / 2;
    expect((await crossEntropy(logits, truth).data())[0]).toBeCloseTo(expected, 5);
  });

  it('weighs pixels as the truth does', async () => {
    const logits = tf.tensor4d([1, 2, 0, 0, 3, -1], [1, 1, 3, 2]);
    const truth = tf.tensor4d([0, 3, 1, 0, 0, 0], [1, 1, 3, 2]);
    const p0 = Math.exp(2) / (Math.exp(1) + Math.exp(2));
    const expected = (-3 * Math.log(p0) - Math.log(0.5)) / 4;
    expect((await crossEntropy(logits, truth).data())[0]).toBeCloseTo(expected, 5);
    const gradient = await tf
      .grad((x: tf.Tensor) => crossEntropy(x as tf.Tensor4D, truth))(logits)
      .data();
    expect(gradient[0]).toBeCloseTo((3 * (1 - p0)) / 4, 5);
    expect(gradient[2]).toBeCloseTo(-0.5 / 4, 5);
  });

  it('has the gradient (p - truth) / pixels', async () => {
    const logits = tf.tensor4d([1, 2, 0, 0, 3, -1], [1, 1, 3, 2]);
    const truth = tf.tensor4d([0, 1, 1, 0, 0, 0], [1, 1, 3, 2]);
    const gradient = await tf
      .grad((x: tf.Tensor) => crossEntropy(x as tf.Tensor4D, truth))(logits)
      .data();
    const p = Math.exp(1) / (Math.exp(1) + Math.exp(2));
    [p / 2, -p / 2, -0.25, 0.25, 0, 0].forEach((value, i) => {
      expect(gradient[i]).toBeCloseTo(value, 5);
    });
  });
});

describe('AdamW', () => {
  it('takes the step that the paper’s equations give, decay included', () => {
    const optimiser = new AdamW({ beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 });
    const weight = { shape: [1, 2], data: Float32Array.from([1, -2]) };
    let [m, v, x] = [0, 0, 1];
    for (const [step, g] of [
      [1, 0.5],
      [2, -0.25],
    ] as const) {
      optimiser.begin();
      optimiser.update('w', weight, [g, 0], 0.01);
      m = 0.9 * m + 0.1 * g;
      v = 0.99 * v + 0.01 * g * g;
      x =
        x * (1 - 0.01 * 0.1) - (0.01 * (m / (1 - 0.9 ** step))) / (Math.sqrt(v / (1 - 0.99 ** step)) + 1e-8);
    }
    expect(weight.data[0]).toBeCloseTo(x, 6);
    expect(weight.data[1]).toBeCloseTo(-2 * (1 - 0.001) ** 2, 6); // no gradient: decay alone
  });
});

describe('diceLoss', () => {
  it('is what one works out by hand', async () => {
    await useTestBackend('cpu');
    // Two pixels, two classes, sure and right in the first, even in the second; both truly class 0.
    const logits = tf.tensor4d([50, -50, 0, 0], [1, 1, 2, 2]);
    const truth = tf.tensor4d([1, 0, 1, 0], [1, 1, 2, 2]);
    // Class 0: p sums to 1.5, truth to 2, overlap 1.5: (3 + 1) / (3.5 + 1). Class 1: p 0.5, truth 0: 1 / 1.5.
    const expected = 1 - (4 / 4.5 + 1 / 1.5) / 2;
    expect(diceLoss(logits, truth).dataSync()[0]).toBeCloseTo(expected, 5);
  });

  it('leaves out pixels that do not count, and takes no notice of weights', async () => {
    await useTestBackend('cpu');
    const of = (truth: number[]): number =>
      diceLoss(tf.tensor4d([1, 2, 3, 0], [1, 1, 2, 2]), tf.tensor4d(truth, [1, 1, 2, 2])).dataSync()[0]!;
    expect(of([0, 5, 1, 0])).toBeCloseTo(of([0, 1, 1, 0]), 6);
    const alone = diceLoss(
      tf.tensor4d([1, 2], [1, 1, 1, 2]),
      tf.tensor4d([0, 1], [1, 1, 1, 2]),
    ).dataSync()[0]!;
    expect(of([0, 1, 0, 0])).toBeCloseTo(alone, 6);
  });
});
