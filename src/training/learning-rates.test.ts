import { expect, it } from 'vitest';
import { isEncoderVariable, isFrozenVariable, learningRatesAt } from './learning-rates.ts';

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

it('frozen encoders keep all of their variables, or all but those of the last stage', () => {
  const names = [
    'slice/encoder/stem/kernel',
    'context/encoder/stage3/block1/conv1/kernel',
    'slice/encoder/stage4/block1/conv1/kernel',
    'head/logits/kernel',
  ];
  const frozen = (freeze?: boolean | 'stages-1-to-3'): boolean[] =>
    names.map((name) => isFrozenVariable(name, freeze));
  expect(frozen(true)).toEqual([true, true, true, false]);
  expect(frozen('stages-1-to-3')).toEqual([true, true, false, false]);
  expect(frozen()).toEqual([false, false, false, false]);
});
