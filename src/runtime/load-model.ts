/** Loads a model's files into TF.js. */
import { engine, keep, type io } from '@tensorflow/tfjs-core';
import { loadGraphModelSync, type GraphModel } from '@tensorflow/tfjs-converter';
import { loadChecked, startChecked, type LoadOptions } from './checked-model.ts';
import { GraphExecutor } from './graph-executor.ts';
import { GraphSegmenter } from './graph-segmenter.ts';
import { ModelError } from './manifest.ts';
import { reloadRemedy, type ModelFiles, type ReadFile } from './model-files.ts';
import { storedConstants } from './model-constants.ts';
import type { TopologyNode } from './node-attributes.ts';
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
  const { manifest } = files;
  const nodes = usedNodes(files);
  // A scope, because TF.js makes the weights before it reads the graph, and drops them if it then throws. Synchronous, so
  // that the scope holds nothing of another model.
  engine().startScope();
  try {
    const model = loadGraphModelSync(modelArtifacts(files, nodes)) as GraphModel;
    const segmenter = new GraphSegmenter(manifest, model, GraphExecutor.of(nodes, model.weights));
    for (const weight of Object.values(model.weights).flat()) keep(weight);
    return segmenter;
  } catch (error) {
    throw new ModelError(
      'bad-graph',
      `${id}/${manifest.graph.file}`,
      `TensorFlow.js cannot read the graph: ${message(error)}`,
      reloadRemedy,
      { cause: error },
    );
  } finally {
    engine().endScope();
  }
}

/** The nodes that the manifest's outputs need, which are checked; TF.js would stumble over others. */
function usedNodes({ manifest, graph }: ModelFiles): TopologyNode[] {
  const { node: nodes } = graph.modelTopology;
  const { inputs, outputs, contextFeatures } = manifest.graph;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const used = new Set<TopologyNode>();
  const open: (string | null)[] = [...Object.values(inputs), ...Object.values(outputs), ...contextFeatures];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = byName.get(name ?? '');
    if (node === undefined || used.has(node)) continue;
    used.add(node);
    open.push(...(node.input ?? []));
  }
  return nodes.filter((node) => used.has(node));
}

/** The files in the form that TF.js takes, without what it reads unchecked: signature and library. */
export function modelArtifacts(
  files: ModelFiles,
  node: readonly TopologyNode[] = files.graph.modelTopology.node,
): io.ModelArtifacts {
  const { format, modelTopology } = files.graph;
  return {
    format,
    modelTopology: { node, library: {}, versions: modelTopology.versions },
    ...(files.manifest.graph.dtype === 'int8' ? decodedWeights(files) : storedWeights(files)),
  };
}

type WeightArtifacts = Required<Pick<io.ModelArtifacts, 'weightSpecs' | 'weightData'>>;

/** TF.js widens half precision itself. */
function storedWeights({ graph, shards }: ModelFiles): WeightArtifacts {
  return {
    weightSpecs: (graph.weightsManifest[0]?.weights ?? []) as unknown as io.WeightsManifestEntry[],
    // A list: a full-size network's weights are never copied into one buffer.
    weightData: shards.map((shard) =>
      shard.byteLength === shard.buffer.byteLength ? shard.buffer : shard.slice().buffer,
    ),
  };
}

/** TF.js does not know this project's weights of eight bits. */
function decodedWeights(files: ModelFiles): WeightArtifacts {
  const constants = [...storedConstants(files)];
  return {
    weightSpecs: constants.map(([name, { shape, dtype }]) => ({ name, shape: [...shape], dtype })),
    weightData: constants.map(([, { data }]) => data().buffer as ArrayBuffer),
  };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
