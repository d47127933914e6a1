/**
 * Small networks over Ops<T> that together cover every operation in every way that the exporter
 * distinguishes.
 */
import type { NetworkFunction } from './testing.ts';

const normalise = { scale: [1 / 64, 1 / 60, 1 / 70], shift: [-2, -1.8, -1.9] } as const;

/** Single input: stem with symmetric padding, pooling of signed values, residuals, shared ReLUs, U-Net's way up. */
export const singleNetwork: NetworkFunction = (ops, { slice }) => {
  const image = ops.affine(slice, normalise.scale, normalise.shift);
  let x = ops.conv2d(image, 'stem', { filters: 8, kernel: 7, stride: 2, bias: false });
  x = ops.batchNorm(x, 'stem/norm');
  // Signed values: a border of zeros would win where all are negative.
  const pooled = ops.maxPool(x, { kernel: 3, stride: 2, pad: 1 });
  x = ops.relu(pooled);
  // Pre-activation residual: `x` and its ReLU are both read twice.
  let y = ops.conv2d(ops.relu(x), 'rcu/conv1', { filters: 8, kernel: 3, bias: true });
  y = ops.conv2d(ops.relu(y), 'rcu/conv2', { filters: 8, kernel: 3, bias: false });
  x = ops.add(x, y);
  // A convolution read by its batch norm and by something else: nothing may be folded.
  const both = ops.conv2d(x, 'both', { filters: 8, kernel: 1, bias: true });
  x = ops.add(ops.relu(ops.batchNorm(both, 'both/norm')), both);
  // Batch norm after an addition: no convolution to fold into.
  x = ops.relu(ops.batchNorm(ops.add(x, pooled), 'lone/norm'));
  x = ops.add(x, ops.maxPool(x, { kernel: 5, stride: 1, pad: 2 }));
  const gate = ops.sigmoid(ops.conv2d(ops.globalMean(x), 'gate', { filters: 8, kernel: 1, bias: false }));
  x = ops.mul(x, gate);
  let up = ops.relu(ops.batchNorm(ops.upConv2d(x, 'up', 6), 'up/norm'));
  up = ops.dropout(up, 0.5, 'drop');
  x = ops.concat([up, ops.resizeBilinear(x, ops.shape(up)[1], ops.shape(up)[2])]);
  return ops.conv2d(x, 'head', { filters: 3, kernel: 3, bias: true });
};

/** Two inputs: features of the context are cropped at the slice, pooled, and added. */
export const dualNetwork: NetworkFunction = (ops, { slice, context, sliceInContext }) => {
  if (context === null || sliceInContext === null) throw new Error('Two inputs are needed.');
  const encode = (image: typeof slice, name: string): typeof slice => {
    let x = ops.affine(image, normalise.scale, normalise.shift);
    x = ops.conv2d(x, `${name}/conv1`, { filters: 8, kernel: 3, stride: 2, bias: false });
    x = ops.relu(ops.batchNorm(x, `${name}/norm1`));
    x = ops.conv2d(x, `${name}/conv2`, { filters: 8, kernel: 3, stride: 2, bias: false });
    return ops.relu(ops.batchNorm(x, `${name}/norm2`));
  };
  const f = ops.label(encode(context, 'context'), 'features');
  const s = encode(slice, 'slice');
  const [, height, width] = ops.shape(s);
  const here = ops.cropResize(f, sliceInContext, height, width);
  const summary = ops.conv2d(ops.globalMean(f), 'summary', { filters: 8, kernel: 1, bias: true });
  const gate = ops.sigmoid(ops.conv2d(ops.concat([s, here]), 'gate', { filters: 1, kernel: 1, bias: true }));
  const x = ops.add(ops.add(s, ops.mul(here, gate)), summary);
  return ops.conv2d(x, 'head', { filters: 4, kernel: 1, bias: true });
};
