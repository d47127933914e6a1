/** A trained network as a TF.js GraphModel: `model.json` and weight shards. */
import type { NetworkInput } from '../../model/refinenet.ts';
import type { Ops } from '../../model/ops.ts';
import type { WeightType } from '../manifest.ts';
import type { Weights } from '../variables.ts';
import { GraphOps } from './graph-ops.ts';
import { openBatch, toGraphDef, type GraphDef } from './graph-def.ts';
import { contextCut, type Graph, type GraphNode } from './graph.ts';
import { simplify } from './passes.ts';
import { packWeights, shardName } from './weight-shards.ts';

/** Builds a network on a graph; for example `fullSizeLogits` bound to a configuration. */
export type NetworkOfGraph = (ops: Ops<GraphNode>, input: NetworkInput<GraphNode>) => GraphNode;

/** Sides of the square inputs, in pixels. */
export interface InputSizes {
  readonly slice: number;
  /** null for single-input networks. */
  readonly context: number | null;
}

/** Names of the inputs and outputs of every exported graph. */
export const graphNames = {
  slice: 'slice',
  context: 'context',
  sliceInContext: 'slice_in_context',
  logits: 'logits',
  packed: 'packed',
} as const;

export interface RecordedNetwork extends Graph {
  readonly slice: GraphNode;
  readonly context: GraphNode | null;
  /** null when the network does not read it. */
  readonly sliceInContext: GraphNode | null;
  readonly logits: GraphNode;
  readonly packed: GraphNode;
  /** What to compute once per context, see `contextCut`; all of them are labelled. */
  readonly contextFeatures: readonly GraphNode[];
}

/**
 * Records and simplifies a network. Logits smaller or larger than the slice are resized to it.
 * @throws ModelError `bad-weights` when a variable is missing, has a different shape or is not finite.
 */
export function recordNetwork(
  network: NetworkOfGraph,
  variables: Weights,
  sizes: InputSizes,
): RecordedNetwork {
  const ops = new GraphOps(variables);
  const slice = ops.input(graphNames.slice, sizes.slice, sizes.slice, 3);
  const context =
    sizes.context === null ? null : ops.input(graphNames.context, sizes.context, sizes.context, 3);
  const box = context === null ? null : ops.input(graphNames.sliceInContext, 1, 1, 4);
  const result = network(ops, { slice, context, sliceInContext: box });
  const logits = ops.label(ops.resizeBilinear(result, sizes.slice, sizes.slice), graphNames.logits);
  const packed = ops.label(ops.pack(logits), graphNames.packed);

  const simple = simplify({ inputs: [], outputs: [logits, packed] });
  const [newLogits = logits, newPacked = packed] = simple.outputs;
  const contextFeatures = context === null ? [] : contextCut(simple, context);
  contextFeatures.forEach((node, index) => {
    node.label ??= `context_cut_${index}`;
  });
  const reachesBox = box !== null && reaches(simple.outputs, box);
  return {
    inputs: [slice, ...(context === null ? [] : [context]), ...(reachesBox ? [box] : [])],
    outputs: simple.outputs,
    slice,
    context,
    sliceInContext: reachesBox ? box : null,
    logits: newLogits,
    packed: newPacked,
    contextFeatures,
  };
}

export interface GraphModelFiles {
  /** `model.json` and the shards it names, in order. */
  readonly modelJson: Uint8Array<ArrayBuffer>;
  readonly shards: readonly { readonly name: string; readonly data: Uint8Array<ArrayBuffer> }[];
  readonly weightsBytes: number;
}

/** @throws ModelError `bad-graph` on two equal labels, `bad-weights` on weights beyond half precision. */
export function toGraphModel(
  network: RecordedNetwork,
  type: WeightType,
  generatedBy: string,
): GraphModelFiles {
  const graph = toGraphDef(network);
  const weights = packWeights(graph.constants, type);
  const shards = weights.shards.map((data, index) => ({
    name: shardName(index, weights.shards.length),
    data,
  }));
  const json = {
    format: 'graph-model',
    generatedBy,
    convertedBy: generatedBy,
    signature: signature(network, graph),
    modelTopology: {
      node: graph.nodes,
      library: {},
      versions: { producer: 1395, minConsumer: 12 },
    },
    weightsManifest: [{ paths: shards.map((shard) => shard.name), weights: weights.specs }],
  };
  return { modelJson: new TextEncoder().encode(JSON.stringify(json)), shards, weightsBytes: weights.bytes };
}

function signature({ inputs, logits, packed }: RecordedNetwork, { nameOf }: GraphDef): object {
  const entry = (node: GraphNode, dtype: string, dimensions: readonly number[]): [string, object] => [
    nameOf(node),
    { name: `${nameOf(node)}:0`, dtype, tensorShape: openBatch(dimensions) },
  ];
  return {
    inputs: Object.fromEntries(inputs.map((node) => entry(node, 'DT_FLOAT', node.shape.slice(1)))),
    outputs: Object.fromEntries([
      entry(logits, 'DT_FLOAT', logits.shape.slice(1)),
      entry(packed, 'DT_INT32', packed.shape.slice(1, 3)),
    ]),
  };
}

function reaches(outputs: readonly GraphNode[], target: GraphNode): boolean {
  const seen = new Set<GraphNode>();
  const stack = [...outputs];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node === target) return true;
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return false;
}
