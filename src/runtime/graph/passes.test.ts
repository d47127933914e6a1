import { describe, expect, it } from 'vitest';
import { GraphOps } from './graph-ops.ts';
import type { Weights } from '../variables.ts';
import { contextCut, topologicalOrder, type GraphNode } from './graph.ts';
import { simplify } from './passes.ts';

/** A 1×1 convolution of one channel: weight 2, bias 5; a batch norm with scale 3/2 and mean 4, shift 1. */
const variables: Weights = new Map([
  ['a/kernel', { shape: [1, 1, 1, 1], data: Float32Array.of(2) }],
  ['a/bias', { shape: [1], data: Float32Array.of(5) }],
  ['b/kernel', { shape: [1, 1, 1, 1], data: Float32Array.of(7) }],
  ['n/gamma', { shape: [1], data: Float32Array.of(3) }],
  ['n/beta', { shape: [1], data: Float32Array.of(1) }],
  ['n/moving_mean', { shape: [1], data: Float32Array.of(4) }],
  ['n/moving_variance', { shape: [1], data: Float32Array.of(4 - 1e-5) }],
]);

function kinds(outputs: readonly GraphNode[]): string[] {
  return topologicalOrder(outputs).map(({ operation }) =>
    operation.kind === 'conv'
      ? `conv${operation.bias ? '+bias' : ''}${operation.relu ? '+relu' : ''}`
      : operation.kind,
  );
}

function simplified(build: (ops: GraphOps, x: GraphNode) => GraphNode[]): GraphNode[] {
  const ops = new GraphOps(variables);
  return [...simplify({ inputs: [], outputs: build(ops, ops.input('x', 4, 4, 1)) }).outputs];
}

const conv = { filters: 1, kernel: 1, bias: true } as const;

describe('simplification', () => {
  it('folds batch norm into the convolution before it: y = (2x + 5 - 4) * 3/2 + 1', () => {
    const [out] = simplified((ops, x) => [ops.relu(ops.batchNorm(ops.conv2d(x, 'a', conv), 'n'))]);
    expect(kinds([out!])).toEqual(['input', 'conv+bias+relu']);
    const { operation } = out!;
    if (operation.kind !== 'conv') throw new Error('not a convolution');
    expect(operation.kernel.data()[0]).toBeCloseTo(3, 6);
    expect(operation.bias?.data()[0]).toBeCloseTo(2.5, 6);
  });

  it('leaves a convolution alone that has another reader', () => {
    const outputs = simplified((ops, x) => {
      const y = ops.conv2d(x, 'a', conv);
      return [ops.add(ops.batchNorm(y, 'n'), ops.relu(y))];
    });
    expect(kinds(outputs)).toEqual(['input', 'conv+bias', 'scaleShift', 'relu', 'add']);
  });

  it('leaves a convolution alone that is an output or has a label', () => {
    expect(
      kinds(
        simplified((ops, x) => {
          const y = ops.conv2d(x, 'a', conv);
          return [y, ops.relu(y)];
        }),
      ),
    ).toEqual(['input', 'conv+bias', 'relu']);
    expect(kinds(simplified((ops, x) => [ops.relu(ops.label(ops.conv2d(x, 'a', conv), 'cut'))]))).toEqual([
      'input',
      'conv+bias',
      'relu',
    ]);
  });

  it('does not fold a batch norm through a ReLU', () => {
    expect(kinds(simplified((ops, x) => [ops.batchNorm(ops.relu(ops.conv2d(x, 'a', conv)), 'n')]))).toEqual([
      'input',
      'conv+bias+relu',
      'scaleShift',
    ]);
  });

  it('keeps a label on the rewritten convolution', () => {
    const [out] = simplified((ops, x) => [ops.label(ops.relu(ops.conv2d(x, 'a', conv)), 'features')]);
    expect(out!.label).toBe('features');
    expect(kinds([out!])).toEqual(['input', 'conv+bias+relu']);
  });

  it('drops what no output needs', () => {
    expect(
      kinds(
        simplified((ops, x) => {
          ops.conv2d(x, 'b', { ...conv, bias: false });
          return [ops.conv2d(x, 'a', conv)];
        }),
      ),
    ).toEqual(['input', 'conv+bias']);
  });
});

it('the context cut contains only what the slice reads', () => {
  const ops = new GraphOps(variables);
  const [slice, context] = [ops.input('slice', 4, 4, 1), ops.input('context', 4, 4, 1)];
  const f = ops.relu(ops.conv2d(context, 'a', conv));
  const pooled = ops.globalMean(f);
  const sum = ops.add(ops.mul(slice, pooled), ops.maxPool(f, { kernel: 1, stride: 1, pad: 0 }));
  const cut = contextCut({ inputs: [slice, context], outputs: [sum] }, context);
  expect(cut.map((node) => node.operation.kind)).toEqual(['globalMean', 'maxPool']);
});

it('an error names the layer whose input is too small', () => {
  const ops = new GraphOps(variables);
  const x = ops.input('x', 2, 2, 1);
  expect(() => ops.maxPool(x, { kernel: 5, stride: 1, pad: 0 })).toThrow(/too small/);
  expect(() => ops.add(x, ops.input('y', 3, 3, 1))).toThrow(/\[1, 2, 2, 1\] and \[1, 3, 3, 1\]/);
});
