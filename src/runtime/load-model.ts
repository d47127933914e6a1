/** Loads a model's files into TF.js. */
import type { io } from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { loadChecked, startChecked, type LoadOptions } from './checked-model.ts';
import { GraphExecutor } from './graph-executor.ts';
import { GraphSegmenter } from './graph-segmenter.ts';
import { ModelError } from './manifest.ts';
import { reloadRemedy, type ModelFiles, type ReadFile } from './model-files.ts';
import type { Segmenter } from './segmenter.ts';

/**
 * Loads and checks a model, and makes it ready to run on the current TF.js backend.
 * @param id names the model in messages; the folder's name is a good choice.
 * @throws ModelError as `loadChecked` does.
 */
export function loadModel(id: string, readFile: ReadFile, options: LoadOptions = {}): Promise<Segmenter> {
  return loadChecked(id, readFile, (files) => startGraph(id, files), options);
}

/** The same without the golden check, for the exporter. @throws ModelError. */
export function loadUnchecked(id: string, readFile: ReadFile): Promise<Segmenter> {
  return startChecked(id, readFile, (files) => startGraph(id, files));
}

async function startGraph(id: string, files: ModelFiles): Promise<Segmenter> {
  const { manifest, graph } = files;
  const handler: io.IOHandler = { load: async () => modelArtifacts(files) };
  try {
    const model = await loadGraphModel(handler);
    const executor = GraphExecutor.of(graph.modelTopology.node, model.weights);
    return new GraphSegmenter(manifest, model, executor);
  } catch (error) {
    throw new ModelError(
      'bad-graph',
      `${id}/${manifest.graph.file}`,
      `TensorFlow.js cannot read the graph: ${message(error)}`,
      reloadRemedy,
      { cause: error },
    );
  }
}

/** The files in the form that TF.js takes. */
export function modelArtifacts({
  graph: { format, signature, modelTopology, weightsManifest },
  shards,
}: ModelFiles): io.ModelArtifacts {
  return {
    format,
    modelTopology,
    signature,
    weightSpecs: (weightsManifest[0]?.weights ?? []) as unknown as io.WeightsManifestEntry[],
    // A list: a full-size network's weights are never copied into one buffer.
    weightData: shards.map((shard) =>
      shard.byteLength === shard.buffer.byteLength ? shard.buffer : shard.slice().buffer,
    ),
  };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
