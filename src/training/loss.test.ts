import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useTestBackend } from '../runtime/test-backend.ts';
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

  it('weights pixels by the truth', async () => {
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

describe('diceLoss', () => {
  it('agrees with a calculation by hand', async () => {
    await useTestBackend('cpu');
    // Two pixels of class 0, two classes: the first prediction is certain and correct, the second is 50:50.
    const logits = tf.tensor4d([50, -50, 0, 0], [1, 1, 2, 2]);
    const truth = tf.tensor4d([1, 0, 1, 0], [1, 1, 2, 2]);
    // Class 0: p sums to 1.5, truth to 2, overlap 1.5: (3 + 1) / (3.5 + 1). Class 1: p 0.5, truth 0: 1 / 1.5.
    const expected = 1 - (4 / 4.5 + 1 / 1.5) / 2;
    expect(diceLoss(logits, truth).dataSync()[0]).toBeCloseTo(expected, 5);
  });

  it('skips pixels that do not count, and ignores weights', async () => {
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
