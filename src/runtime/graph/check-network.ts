/** Checks a model's graph against its manifest without running it: what goes in, what comes out, and how much it costs. */
import { ModelError, type ModelManifest } from '../manifest.ts';
import type { ModelFiles } from '../model-files.ts';
import { modelLimits } from '../model-limits.ts';
import { nameOf } from '../domain/encoder-stages.ts';
import { text } from './graph-node.ts';
import { topologicalOrder, type GraphNode } from './graph.ts';
import type { RecordedNetwork } from './graph-model.ts';
import { readGraphDef } from './read-graph-def.ts';

/**
 * The network of a model's files, of which the manifest says the truth.
 * @param id names the model in messages.
 * @throws ModelError `bad-graph`, naming what is wrong.
 */
export function checkNetwork(id: string, files: ModelFiles): RecordedNetwork {
  const file = `${id}/${files.manifest.graph.file}`;
  const wrong = (problem: string, cause?: unknown): ModelError =>
    new ModelError('bad-graph', file, problem, 'Export the model again with this version of Dualscope.', {
      cause,
    });
  let network: RecordedNetwork;
  try {
    network = readGraphDef(files, file);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw wrong(`The graph can't be read: ${error instanceof Error ? error.message : String(error)}.`, error);
  }
  const problem = tooMuch(network) ?? mismatch(files.manifest, network);
  if (problem !== null) throw wrong(problem);
  return network;
}

/** What the manifest says that the network does not do; null if all is well. */
function mismatch(manifest: ModelManifest, network: RecordedNetwork): string | null {
  const { slice, context, classes } = manifest;
  const { logits, packed } = network;
  const image = (node: GraphNode | null, sizePx: number, what: string): string | null => {
    if (node?.operation.kind !== 'input') return `The graph's ${what} is not an input.`;
    return expectShape(node, [sizePx, sizePx, 3], what);
  };
  const { packed: packedName, logits: logitsName } = manifest.graph.outputs;
  if (packed.operation.kind !== 'pack') {
    return `The output "${packedName}" is not class and confidence, but ${packed.operation.kind}.`;
  }
  if (packed.inputs[0] !== logits) {
    return `The output "${packedName}" is not computed from the logits "${logitsName}".`;
  }
  const channels = logits.shape[3];
  if (channels !== classes.length) {
    return `The network has ${channels} classes, the manifest names ${classes.length}.`;
  }
  return (
    image(network.slice, slice.sizePx, 'slice') ??
    (context === null ? null : image(network.context, context.sizePx, 'context')) ??
    (network.sliceInContext === null ? null : expectShape(network.sliceInContext, [1, 1, 4], 'position')) ??
    expectShape(logits, [slice.sizePx, slice.sizePx, classes.length], 'logits') ??
    wrongCut(network) ??
    wrongDomain(manifest, network)
  );
}

/** What the manifest measures of the encoder has to exist, and to depend on the slice alone. */
function wrongDomain({ domain }: ModelManifest, { slice, logits }: RecordedNetwork): string | null {
  if (domain === undefined) return null;
  const values = new Map(topologicalOrder([logits]).map((value) => [nameOf(value), value]));
  for (const { node, channels } of domain.stages) {
    const value = values.get(node);
    if (value === undefined)
      return `The value "${node}", which the manifest measures, is not part of the network.`;
    const found = value.shape[3];
    if (found !== channels) {
      return `The value "${node}" has ${found} channels, by the manifest it has ${channels}.`;
    }
    const inputs = topologicalOrder([value]).filter(({ operation }) => operation.kind === 'input');
    if (inputs.length !== 1 || inputs[0] !== slice) {
      return `The value "${node}", which the manifest measures, depends on more than the slice.`;
    }
  }
  return null;
}

function expectShape({ shape }: GraphNode, expected: readonly number[], what: string): string | null {
  const [, ...sides] = shape;
  if (sides.join() === expected.join()) return null;
  return `The graph's ${what} has the shape ${text(sides)}; by the manifest it is ${text(expected)}.`;
}

/** The context has to reach the logits through its features alone, and the features must not depend on the slice. */
function wrongCut({
  slice,
  context,
  sliceInContext,
  contextFeatures,
  logits,
}: RecordedNetwork): string | null {
  const inputs = (outputs: readonly GraphNode[], given: ReadonlySet<GraphNode>): Set<GraphNode> => {
    const reached = new Set<GraphNode>();
    const seen = new Set<GraphNode>();
    const open = [...outputs];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node) || given.has(node)) continue;
      seen.add(node);
      if (node.operation.kind === 'input') reached.add(node);
      open.push(...node.inputs);
    }
    return reached;
  };
  const needed = inputs(contextFeatures, new Set());
  if (needed.has(slice) || (sliceInContext !== null && needed.has(sliceInContext))) {
    return 'The features of the context depend on the slice.';
  }
  const left = inputs([logits], new Set(contextFeatures));
  if (context !== null && left.has(context)) return 'The context reaches the logits past its features.';
  return left.has(slice) ? null : 'The logits do not depend on the slice.';
}

/** Why the network can't be run here; null if it can. */
function tooMuch({ outputs }: RecordedNetwork): string | null {
  let macs = 0;
  for (const { operation, inputs, shape } of topologicalOrder(outputs)) {
    const values = shape.reduce((product, side) => product * side, 1);
    if (values > modelLimits.mapValues) {
      return `A map of ${text(shape.slice(1))} values exceeds the ${count(modelLimits.mapValues)} that are allowed.`;
    }
    if (operation.kind === 'attend') {
      const [queries, keys] = inputs.map((input) => input.shape[1] * input.shape[2]);
      const scores = (queries ?? 1) * (keys ?? 1);
      if (scores > modelLimits.mapValues) {
        return `Attention over ${count(scores)} pairs of positions exceeds the ${count(modelLimits.mapValues)} that are allowed.`;
      }
      macs += scores * ((inputs[0]?.shape[3] ?? 1) + shape[3]);
    }
    if (operation.kind === 'conv' || operation.kind === 'upConv') {
      const [height = 1, width = 1] = operation.kernel.shape;
      macs += values * (operation.kind === 'conv' ? height * width : 1) * (inputs[0]?.shape[3] ?? 1);
    }
  }
  if (macs <= modelLimits.macs) return null;
  return `One slice takes ${count(macs)} multiply-accumulates; ${count(modelLimits.macs)} are allowed.`;
}

function count(value: number): string {
  return value.toLocaleString('en-GB', { maximumFractionDigits: 0 });
}
