import { describe, expect, it } from 'vitest';
import { fullSizeLogits } from '../../model/network.ts';
import type { Shape4 } from '../../model/ops.ts';
import { presets } from '../../model/presets.ts';
import { CostOps } from '../cost.ts';
import type { WeightArray, Weights } from '../variables.ts';
import { toGraphDef } from './graph-def.ts';
import { topologicalOrder } from './graph.ts';
import { recordNetwork } from './graph-model.ts';

/** Weights that have only a shape: those of a full-size preset would take half a gigabyte. */
function shapesOf(cost: CostOps): Weights {
  return new Map(
    [...cost.variables].map(([name, { shape }]): [string, WeightArray] => {
      const length = shape.reduce((product, side) => product * side, 1);
      return [name, { shape, data: { length, every: () => true } as unknown as Float32Array }];
    }),
  );
}

describe.each(presets)('$id', ({ network, slicePx, contextPx }) => {
  it('exports with every kernel and no batch norm', () => {
    const cost = new CostOps();
    const shape = (side: number): Shape4 => [1, side, side, 3];
    fullSizeLogits(
      cost,
      {
        slice: shape(slicePx),
        context: contextPx === null ? null : shape(contextPx),
        sliceInContext: contextPx === null ? null : [1, 1, 1, 4],
      },
      network,
    );
    const recorded = recordNetwork((ops, input) => fullSizeLogits(ops, input, network), shapesOf(cost), {
      slice: slicePx,
      context: contextPx,
    });
    const kinds = topologicalOrder(recorded.outputs).map(({ operation }) => operation.kind);
    // Only input normalisation is left of scales and shifts, and places of two heads of cross-attention.
    const heads = network.kind === 'refinenet' && network.fusion === 'cross-attention' ? 2 : 0;
    expect(kinds.filter((kind) => kind === 'scaleShift').length).toBe((contextPx === null ? 1 : 2) + heads);
    const size = (sides: readonly number[]): number => sides.reduce((product, side) => product * side, 1);
    const kernels = [...cost.variables].filter(([name]) => name.endsWith('/kernel'));
    const { constants, nodes } = toGraphDef(recorded);
    const stored = constants.filter((constant) => constant.dtype === 'float32' && constant.large);
    expect(stored.reduce((sum, constant) => sum + size(constant.shape), 0)).toBe(
      kernels.reduce((sum, [, variable]) => sum + size(variable.shape), 0),
    );
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
    expect(recorded.logits.shape).toEqual([1, slicePx, slicePx, network.classes]);
    expect(recorded.contextFeatures.length > 0).toBe(contextPx !== null);
  });
});
