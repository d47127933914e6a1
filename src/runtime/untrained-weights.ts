/** Random weights for a preset, for measuring the size and cost of a trained one. */
import { fullSizeLogits } from '../model/network.ts';
import type { Shape4 } from '../model/ops.ts';
import type { Preset } from '../model/presets.ts';
import { CostOps } from './cost.ts';
import { mulberry32, type WeightArray } from './variables.ts';

export interface UntrainedNetwork {
  /** The cost of one slice of `px` × `px`, with a context of the same size. */
  readonly cost: CostOps;
  /** Every variable by name; the same at every call. */
  readonly variables: Map<string, WeightArray>;
}

/** @param px side of the slice's and the context's input, pixels */
export function untrainedNetwork(preset: Preset, px: number): UntrainedNetwork {
  const isDual = preset.contextPx !== null;
  const cost = new CostOps();
  const image: Shape4 = [1, px, px, 3];
  const input = {
    slice: image,
    context: isDual ? image : null,
    sliceInContext: isDual ? ([1, 1, 1, 4] as const) : null,
  };
  fullSizeLogits(cost, input, preset.network);

  const random = mulberry32(1);
  const variables = new Map<string, WeightArray>();
  for (const [name, { shape }] of cost.variables) {
    const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
    const inputs = shape.slice(0, -1).reduce((product, length) => product * length, 1);
    if (name.endsWith('/kernel'))
      for (let i = 0; i < data.length; i++) data[i] = (random() - 0.5) * Math.sqrt(12 / inputs);
    else if (name.endsWith('/moving_variance')) data.fill(1);
    // Small, as in trained residual networks, so that a hundred layers do not overflow.
    else if (name.endsWith('/gamma')) data.fill(0.5);
    variables.set(name, { shape, data });
  }
  return { cost, variables };
}
