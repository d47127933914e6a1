/** One network with random weights, as a TF.js model folder's graph and as ONNX: the same weights, in float32. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fullSizeLogits } from '../../src/model/network.ts';
import type { Shape4 } from '../../src/model/ops.ts';
import { presetById } from '../../src/model/presets.ts';
import { CostOps } from '../../src/runtime/cost.ts';
import { recordNetwork, toGraphModel } from '../../src/runtime/graph/graph-model.ts';
import { toOnnx } from '../../src/runtime/onnx/onnx-model.ts';
import { mulberry32, type WeightArray } from '../../src/runtime/variables.ts';

export interface ExportedPair {
  readonly folder: string;
  /** Sides of the inputs, pixels; null without context. */
  readonly slice: number;
  readonly context: number | null;
  readonly macs: number;
}

/** Writes `model.json`, its shards and `model.onnx` into `folder`. @throws RangeError for an unknown preset. */
export async function exportBoth(id: string, px: number, folder: string): Promise<ExportedPair> {
  const preset = presetById(id);
  const context = preset.contextPx === null ? null : px;
  const cost = new CostOps();
  const image: Shape4 = [1, px, px, 3];
  fullSizeLogits(
    cost,
    {
      slice: image,
      context: context === null ? null : image,
      sliceInContext: context === null ? null : [1, 1, 1, 4],
    },
    preset.network,
  );
  const random = mulberry32(1);
  const variables = new Map<string, WeightArray>();
  for (const [name, { shape }] of cost.variables) {
    const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
    const inputs = shape.slice(0, -1).reduce((product, length) => product * length, 1);
    if (name.endsWith('/kernel'))
      for (let i = 0; i < data.length; i++) data[i] = (random() - 0.5) * Math.sqrt(12 / inputs);
    else if (name.endsWith('/moving_variance')) data.fill(1);
    else if (name.endsWith('/gamma')) data.fill(0.5);
    variables.set(name, { shape, data });
  }
  const recorded = recordNetwork((ops, input) => fullSizeLogits(ops, input, preset.network), variables, {
    slice: px,
    context,
  });
  await mkdir(folder, { recursive: true });
  const { modelJson, shards } = toGraphModel(recorded, 'float32', 'bench');
  await writeFile(join(folder, 'model.json'), modelJson);
  for (const { name, data } of shards) await writeFile(join(folder, name), data);
  await writeFile(join(folder, 'model.onnx'), toOnnx(recorded, { dtype: 'float32', producer: 'bench' }));
  return { folder, slice: px, context, macs: cost.macs };
}
