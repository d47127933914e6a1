import { expect, it } from 'vitest';
import { isOfEncoder, learningRatesAt } from './learning-rate.ts';

it('AdamW: rises, then falls to a hundredth; encoders at their share', () => {
  const config = { steps: 100, optimiser: { learningRate: 1, warmup: 10, weightDecay: 0, encoderRate: 0.5 } };
  expect(learningRatesAt(0, config)).toEqual({ decoder: 0.1, encoder: 0.05 });
  expect(learningRatesAt(9, config).decoder).toBeCloseTo(1);
  expect(learningRatesAt(55, config).decoder).toBeCloseTo(0.505);
  expect(learningRatesAt(100, config).decoder).toBeCloseTo(0.01);
  expect(learningRatesAt(100, config).encoder).toBeCloseTo(0.005);
});

it('SGD: stage after stage, the last to the end', () => {
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

it('tells encoders from all else by the name', () => {
  expect(isOfEncoder('slice/encoder/stem/conv/kernel')).toBe(true);
  expect(isOfEncoder('context/encoder/stage1/block1/conv1/norm/beta')).toBe(true);
  expect(isOfEncoder('context/stage4/reduce/kernel')).toBe(false);
  expect(isOfEncoder('head/kernel')).toBe(false);
});
