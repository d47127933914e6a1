import { describe, expect, it } from 'vitest';
import { AdamW, isEncoderVariable, learningRatesAt, Sgd } from './optimiser.ts';

it('SGD has the momentum of PyTorch, calculated by hand', () => {
  // torch.optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.5) on w = 1 with gradients 2 and then -1:
  // v = 2 + 0.5 * 1 = 2.5, w = 0.75; v = 0.9 * 2.5 - 1 + 0.5 * 0.75 = 1.625, w = 0.5875.
  const sgd = new Sgd({ momentum: 0.9, weightDecay: 0.5 });
  const weight = { shape: [1, 1], data: Float32Array.of(1) };
  sgd.begin();
  sgd.update('w', weight, [2], 0.1);
  expect(weight.data[0]).toBeCloseTo(0.75, 6);

  const continued = new Sgd({ momentum: 0.9, weightDecay: 0.5 });
  continued.load(sgd.step, sgd.read());
  continued.begin();
  continued.update('w', weight, [-1], 0.1);
  expect(weight.data[0]).toBeCloseTo(0.5875, 6);
  expect(continued.step).toBe(2);
});

it('SGD does not decay biases', () => {
  const sgd = new Sgd({ momentum: 0, weightDecay: 1 });
  const bias = { shape: [1], data: Float32Array.of(3) };
  sgd.begin();
  sgd.update('b', bias, [0], 1);
  expect(bias.data[0]).toBe(3);
});

describe('AdamW', () => {
  it('takes the step of the paper’s equations, including weight decay', () => {
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
    expect(weight.data[1]).toBeCloseTo(-2 * (1 - 0.001) ** 2, 6); // no gradient, only decay
  });
});

it('learning rate of AdamW: warms up, then decays to 1 %, with a relative rate for encoders', () => {
  const config = { steps: 100, optimiser: { learningRate: 1, warmup: 10, weightDecay: 0, encoderRate: 0.5 } };
  expect(learningRatesAt(0, config)).toEqual({ decoder: 0.1, encoder: 0.05 });
  expect(learningRatesAt(9, config).decoder).toBeCloseTo(1);
  expect(learningRatesAt(55, config).decoder).toBeCloseTo(0.505);
  expect(learningRatesAt(100, config).decoder).toBeCloseTo(0.01);
  expect(learningRatesAt(100, config).encoder).toBeCloseTo(0.005);
});

it('learning rate of SGD: one stage after another, the last one to the end', () => {
  const stages = [
    { steps: 2, encoderRate: 5e-4, decoderRate: 5e-3 },
    { steps: 3, encoderRate: 1e-4, decoderRate: 1e-3 },
  ];
  const config = { steps: 9, optimiser: { kind: 'sgd' as const, momentum: 0.9, weightDecay: 0, stages } };
  expect([0, 1, 2, 4, 8].map((step) => learningRatesAt(step, config).decoder)).toEqual([
    5e-3, 5e-3, 1e-3, 1e-3, 1e-3,
  ]);
  expect(learningRatesAt(2, config).encoder).toBe(1e-4);
});

it('recognises encoder variables by their names', () => {
  expect(isEncoderVariable('slice/encoder/stem/conv/kernel')).toBe(true);
  expect(isEncoderVariable('context/encoder/stage1/block1/conv1/norm/beta')).toBe(true);
  expect(isEncoderVariable('context/stage4/reduce/kernel')).toBe(false);
  expect(isEncoderVariable('head/kernel')).toBe(false);
});
