import { beforeAll, describe, expect, it } from 'vitest';
import type { Shape4 } from '../../model/ops.ts';
import { CheckedOperations, type OperationCase } from './finite-differences.ts';

/** Sides of inputs whose results are on either side of the size from which a convolution runs image by image. */
const sides = {
  1: { small: [8, 8], 'small, odd': [5, 7], large: [16, 14], 'large, odd': [15, 17] },
  2: { small: [8, 8], 'small, odd': [5, 7], large: [32, 28], 'large, odd': [29, 31] },
} as const;

function convolution(
  [h, w]: readonly [number, number],
  kernel: number,
  stride: number,
  bias: boolean,
  { channels = 2, filters = 3 } = {},
): OperationCase {
  return {
    inputs: [{ shape: [2, h, w, channels] }],
    compute: (ops, [x], name) => ops.conv2d(x!, name, { filters, kernel, stride, bias }),
    // A convolution is linear in its input and in its kernel: any step is exact.
    step: 0.5,
  };
}

const cases: Record<string, OperationCase> = {};
for (const stride of [1, 2] as const) {
  for (const [size, side] of Object.entries<readonly [number, number]>(sides[stride])) {
    for (const kernel of [1, 3, 7]) {
      const bias = (kernel === 3) === (stride === 1);
      cases[`conv ${String(kernel)} stride ${String(stride)}, ${size}`] = convolution(
        side,
        kernel,
        stride,
        bias,
      );
    }
  }
}
Object.assign(cases, {
  'conv 3 without bias': convolution(sides[1].small, 3, 1, false),
  'conv 3 without bias, large': convolution(sides[1].large, 3, 1, false),
  // Of so many channels, small maps are multiplied as one matrix.
  'conv 3 of many channels, small': convolution([2, 3], 3, 1, true, { channels: 64, filters: 65 }),
  'conv 3 of many channels, stride 2, small': convolution([5, 4], 3, 2, false, { channels: 65, filters: 64 }),
  'conv 1 of many channels, small': convolution([3, 4], 1, 1, true, { channels: 64, filters: 64 }),
  'conv of one pixel': convolution([1, 1], 1, 1, true),
  'conv 3 of one pixel': convolution([1, 1], 3, 1, true),
  'conv 3 of two pixels, stride 2': convolution([2, 2], 3, 2, true),
  'conv 3 to one filter, stride 2, large, odd': convolution([29, 31], 3, 2, true, {
    channels: 3,
    filters: 1,
  }),
});
for (const [size, [h, w]] of Object.entries(sides[1])) {
  cases[`up-convolution, ${size}`] = {
    inputs: [{ shape: [2, h, w, 3] }],
    compute: (ops, [x], name) => ops.upConv2d(x!, name, 2),
    step: 0.5,
  };
}

const shape: Shape4 = [2, 6, 5, 2];
Object.assign(cases, {
  'convolution of an image': {
    inputs: [{ kind: 'image', shape }],
    compute: (ops, [x], name) => ops.conv2d(x!, name, { filters: 3, kernel: 3, bias: true }),
  },
  'frozen norm folded into a convolution': {
    inputs: [{ shape }],
    compute: (ops, [x], name) =>
      ops.batchNorm(ops.conv2d(x!, `${name}/conv`, { filters: 3, kernel: 3, bias: false }), `${name}/norm`),
  },
  'frozen norm folded into a large convolution': {
    inputs: [{ shape: [2, 31, 30, 2] }],
    compute: (ops, [x], name) =>
      ops.batchNorm(
        ops.conv2d(x!, `${name}/conv`, { filters: 3, kernel: 3, stride: 2, bias: false }),
        `${name}/norm`,
      ),
  },
  'frozen norm after a convolution with bias': {
    inputs: [{ shape }],
    compute: (ops, [x], name) =>
      ops.batchNorm(ops.conv2d(x!, `${name}/conv`, { filters: 3, kernel: 1, bias: true }), `${name}/norm`),
  },
  'a convolution read with and without its frozen norm': {
    inputs: [{ shape }],
    compute: (ops, [x], name) => {
      const y = ops.conv2d(x!, `${name}/conv`, { filters: 2, kernel: 3, bias: false });
      return ops.mul(ops.batchNorm(y, `${name}/norm`), y);
    },
  },
} satisfies Record<string, OperationCase>);

describe('convolutions agree with finite differences', () => {
  let checked: CheckedOperations;

  beforeAll(async () => {
    checked = await CheckedOperations.run(cases);
  });

  it.each(Object.keys(cases))('%s', (name) => {
    expect(checked.errors(name).filter(({ error }) => !(error < 1e-6))).toEqual([]);
  });
});
