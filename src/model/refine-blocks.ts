/** Building blocks of RefineNet's decoder (Lin et al. 2017), as the DA-RefineNet paper uses them. */
import type { Ops } from './ops.ts';

/** Residual convolution unit, pre-activation, no batch norm: x + conv3×3(ReLU(conv3×3_bias(ReLU(x)))). */
export function residualConvUnit<T>(ops: Ops<T>, x: T, name: string): T {
  const filters = ops.shape(x)[3];
  let y = ops.conv2d(ops.relu(x), `${name}/conv1`, { filters, kernel: 3, bias: true }); // [n, h, w, c]
  y = ops.conv2d(ops.relu(y), `${name}/conv2`, { filters, kernel: 3, bias: false, init: 'residual' });
  return ops.add(x, y);
}

/** `count` residual convolution units in a row. */
export function residualConvUnits<T>(ops: Ops<T>, x: T, name: string, count: number): T {
  let y = x;
  for (let index = 1; index <= count; index++) y = residualConvUnit(ops, y, `${name}${index}`);
  return y;
}

/** Chained residual pooling: x = ReLU(x); four times x' = conv1×1(maxpool5×5(x')), summed up. */
export function chainedResidualPooling<T>(ops: Ops<T>, x: T, name: string): T {
  const filters = ops.shape(x)[3];
  let path = ops.relu(x); // [n, h, w, c]
  let sum = path;
  for (let index = 1; index <= 4; index++) {
    path = ops.maxPool(path, { kernel: 5, stride: 1, pad: 2 }); // [n, h, w, c]
    path = ops.conv2d(path, `${name}/conv${index}`, { filters, kernel: 1, bias: false, init: 'residual' });
    sum = ops.add(sum, path);
  }
  return sum;
}
