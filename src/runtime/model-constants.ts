/** The constants of a model's graph: kernels, biases, sizes. */
import { io } from '@tensorflow/tfjs-core';
import { modelArtifacts, type ModelFiles } from './load-model.ts';
import type { WeightArray } from './variables.ts';

/**
 * The constants of a model's graph by name, half precision widened to float32. Batch norms are folded into
 * the kernels and biases of the convolutions before them.
 */
export async function constantsOf(files: ModelFiles): Promise<Map<string, WeightArray>> {
  const { weightSpecs = [] } = modelArtifacts(files);
  const bytes = await new Blob([...files.shards]).arrayBuffer();
  const constants = new Map<string, WeightArray>();
  for (const [name, tensor] of Object.entries(io.decodeWeights(bytes, weightSpecs))) {
    constants.set(name, { shape: tensor.shape, data: Float32Array.from(await tensor.data()) });
    tensor.dispose();
  }
  return constants;
}
