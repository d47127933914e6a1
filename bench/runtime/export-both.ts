/** Exports one network with random weights twice: as a TF.js graph model and as ONNX, with the same float32 weights. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fullSizeLogits } from '../../src/model/network.ts';
import { presetById } from '../../src/model/presets.ts';
import { recordNetwork, toGraphModel } from '../../src/runtime/graph/graph-model.ts';
import { toOnnx } from '../../src/runtime/onnx/onnx-model.ts';
import { untrainedNetwork } from '../../src/runtime/untrained-weights.ts';

export interface ExportedPair {
  readonly folder: string;
  /** Sides of the inputs, pixels; null without context. */
  readonly slice: number;
  readonly context: number | null;
  readonly macs: number;
}

/** Writes `model.json`, its shards and `model.onnx` to `folder`. @throws RangeError for an unknown preset. */
export async function exportBoth(id: string, px: number, folder: string): Promise<ExportedPair> {
  const preset = presetById(id);
  const context = preset.contextPx === null ? null : px;
  const { cost, variables } = untrainedNetwork(preset, px);
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
