import { expect, it } from 'vitest';
import { Sgd } from './sgd.ts';

it('is the momentum of PyTorch, worked by hand', () => {
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

it('leaves biases undecayed', () => {
  const sgd = new Sgd({ momentum: 0, weightDecay: 1 });
  const bias = { shape: [1], data: Float32Array.of(3) };
  sgd.begin();
  sgd.update('b', bias, [0], 1);
  expect(bias.data[0]).toBe(3);
});
