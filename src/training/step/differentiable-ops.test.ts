import { beforeAll, describe, expect, it } from 'vitest';
import { crossAttention } from '../../model/cross-attention.ts';
import { fusions } from '../../model/fusion.ts';
import type { Shape4 } from '../../model/ops.ts';
import { byBatch, CheckedOperations, type OperationCase } from './finite-differences.ts';

const shape: Shape4 = [2, 4, 5, 3];
const perChannel: Shape4 = [2, 1, 1, 3];
const perPixel: Shape4 = [2, 4, 5, 1];

function pool([h, w]: readonly [number, number], kernel: number, stride: number, pad: number): OperationCase {
  return {
    inputs: [{ shape: [2, h, w, 2] }],
    compute: (ops, [x]) => ops.maxPool(x!, { kernel, stride, pad }),
  };
}

const cases = {
  relu: { inputs: [{ shape }], compute: (ops, [x]) => ops.relu(x!) },
  sigmoid: { inputs: [{ shape }], compute: (ops, [x]) => ops.sigmoid(x!) },
  'sigmoid of large values': {
    inputs: [{ shape: [1, 1, 5, 1], values: [-30, -4, 0, 5, 25] }],
    compute: (ops, [x]) => ops.sigmoid(x!),
  },
  add: { inputs: [{ shape }, { shape }], compute: (ops, [a, b]) => ops.add(a!, b!) },
  'add per channel': {
    inputs: [{ shape }, { shape: perChannel }],
    compute: (ops, [a, b]) => ops.add(a!, b!),
  },
  'add per pixel': { inputs: [{ shape }, { shape: perPixel }], compute: (ops, [a, b]) => ops.add(a!, b!) },
  mul: { inputs: [{ shape }, { shape }], compute: (ops, [a, b]) => ops.mul(a!, b!) },
  'mul per channel': {
    inputs: [{ shape }, { shape: perChannel }],
    compute: (ops, [a, b]) => ops.mul(a!, b!),
  },
  'mul per pixel': { inputs: [{ shape }, { shape: perPixel }], compute: (ops, [a, b]) => ops.mul(a!, b!) },
  'mul by an image': {
    inputs: [{ shape }, { kind: 'image', shape }],
    compute: (ops, [a, b]) => ops.mul(a!, b!),
  },
  'a value times itself': { inputs: [{ shape }], compute: (ops, [x]) => ops.mul(x!, x!) },
  'a value read by three operations': {
    inputs: [{ shape }],
    compute: (ops, [x]) => {
      const y = ops.sigmoid(x!);
      return ops.add(ops.mul(ops.relu(y), ops.globalMean(y)), ops.mul(y, x!));
    },
  },
  concat: {
    inputs: [{ shape }, { shape: perPixel }, { shape }],
    compute: (ops, xs) => ops.concat(xs),
  },
  'concat of one': { inputs: [{ shape }], compute: (ops, xs) => ops.concat(xs) },
  'concat of a value with itself': { inputs: [{ shape }], compute: (ops, [x]) => ops.concat([x!, x!]) },
  'pool 2 stride 2': pool([6, 8], 2, 2, 0),
  'pool 2 stride 2, odd': pool([7, 5], 2, 2, 0),
  'pool 3 stride 2 pad 1': pool([8, 6], 3, 2, 1),
  'pool 3 stride 2 pad 1, odd': pool([7, 5], 3, 2, 1),
  'pool 5 stride 1 pad 2': pool([9, 7], 5, 1, 2),
  'pool 5 stride 1 pad 2 of two pixels': pool([1, 2], 5, 1, 2),
  'pool 4 stride 1': pool([9, 7], 4, 1, 0),
  places: {
    inputs: [{ shape }],
    compute: (ops, [x]) => ops.mul(ops.withPlaces(x!, 5), ops.withPlaces(x!, 5)),
  },
  attention: {
    inputs: [{ shape: [2, 2, 3, 4] }, { shape: [2, 3, 2, 4] }, { shape: [2, 3, 2, 5] }],
    compute: (ops, [q, k, v]) => ops.attend(q!, k!, v!),
  },
  'attention of a map to itself': {
    inputs: [{ shape: [1, 2, 3, 3] }],
    compute: (ops, [x]) => ops.attend(x!, x!, x!),
  },
  'cross-attention': {
    inputs: [
      { shape: [2, 2, 3, 8] },
      { shape: [2, 3, 4, 8] },
      { kind: 'boxes', shape: [2, 1, 1, 4], values: [0.1, 0.3, 0.5, 0.7, 0, 0.6, 0.4, 0.9] },
    ],
    compute: (ops, [s, f, sliceInContext], name) =>
      crossAttention(ops, name, { s: s!, f: f!, sliceInContext: sliceInContext!, contextFieldUm: 300 }),
  },
  'the fusion of cross-attention': {
    inputs: [
      { shape: [2, 3, 3, 4] },
      { shape: [2, 4, 4, 4] },
      { shape: [2, 3, 3, 4] },
      { kind: 'boxes', shape: [2, 1, 1, 4], values: [0.1, 0.3, 0.5, 0.7, 0, 0.6, 0.4, 0.9] },
    ],
    compute: (ops, [s, f, p, sliceInContext], name) =>
      fusions['cross-attention'](ops, name, { s: s!, f: f!, p: p!, sliceInContext: sliceInContext! }),
  },
  'global mean': { inputs: [{ shape }], compute: (ops, [x]) => ops.globalMean(x!) },
  dropout: { inputs: [{ shape }], compute: (ops, [x], name) => ops.dropout(x!, 0.4, name) },
  affine: { inputs: [{ shape }], compute: (ops, [x]) => ops.affine(x!, [2, -0.5, 3], [0.1, 0.2, -4]) },
  label: { inputs: [{ shape }], compute: (ops, [x], name) => ops.mul(ops.label(x!, name), x!) },
  'frozen norm': { inputs: [{ shape }], compute: (ops, [x], name) => ops.batchNorm(x!, `${name}/norm`) },
  'norm by the batch': {
    inputs: [{ shape }],
    compute: (ops, [x], name) => ops.batchNorm(x!, `${name}/${byBatch}`),
    step: 1e-4,
  },
  'norm by the batch after a convolution': {
    inputs: [{ shape }],
    compute: (ops, [x], name) =>
      ops.batchNorm(
        ops.conv2d(x!, `${name}/conv`, { filters: 2, kernel: 3, bias: false }),
        `${name}/${byBatch}`,
      ),
    step: 1e-4,
  },
} satisfies Record<string, OperationCase>;

describe('operations agree with finite differences', () => {
  let checked: CheckedOperations;

  beforeAll(async () => {
    checked = await CheckedOperations.run(cases);
  });

  it.each(Object.keys(cases))('%s', (name) => {
    expect(checked.errors(name).filter(({ error }) => !(error < 1e-6))).toEqual([]);
  });

  it('gives images no gradient', () => {
    expect(() => checked.gradient('mul by an image', 1)).toThrow('no output');
  });
});

describe('max pooling with ties', () => {
  it('gives the gradient to the first pixel of the window, row by row', async () => {
    const pooled = (values: number[], kernel: number, stride: number, pad: number): OperationCase => ({
      inputs: [{ shape: [1, 4, 4, 1], values }],
      compute: (ops, [x]) => ops.maxPool(x!, { kernel, stride, pad }),
    });
    const equal = new Array<number>(16).fill(0);
    const checked = await CheckedOperations.run({
      'pool 2': pooled(equal, 2, 2, 0),
      'pool 5': pooled(equal, 5, 1, 2),
      // prettier-ignore
      'pool 3': pooled([
        1, 1, 0, 0,
        0, 1, 0, 2,
        2, 0, 0, 0,
        0, 2, 0, 2,
      ], 3, 2, 1),
    });
    const [a, b, c, d] = checked.seed('pool 2') as unknown as number[];
    // prettier-ignore
    expect([...checked.gradient('pool 2', 0)]).toEqual([
      a, 0, b, 0,
      0, 0, 0, 0,
      c, 0, d, 0,
      0, 0, 0, 0,
    ]);
    const [first, second, third, fourth] = checked.seed('pool 3') as unknown as number[];
    // Windows of rows and columns 0 to 1 or 1 to 3.
    // prettier-ignore
    expect([...checked.gradient('pool 3', 0)]).toEqual([
      first, 0, 0, 0,
      0, 0, 0, second! + fourth!,
      third, 0, 0, 0,
      0, 0, 0, 0,
    ].map((value) => Math.fround(value ?? NaN)));
    // A window starts up to two pixels before its own pixel: pixels 0 to 2 share a first row or column, pixel 3 has the next.
    const seeds = checked.seed('pool 5');
    const expected = new Float64Array(16);
    seeds.forEach((seed, i) => {
      const [row, column] = [Math.max(0, (i >> 2) - 2), Math.max(0, (i & 3) - 2)];
      expected[row * 4 + column]! += seed;
    });
    checked.gradient('pool 5', 0).forEach((gradient, i) => {
      expect(gradient).toBeCloseTo(expected[i]!, 6);
    });
  });
});
