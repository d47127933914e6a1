/**
 * Simplifies a recorded graph. Each pass keeps every output and labelled value equal, up to rounding. Values
 * that are no longer needed disappear because nothing reaches them.
 */
import {
  consumerCounts,
  topologicalOrder,
  type Graph,
  type GraphNode,
  type Operation,
  type OperationOf,
  type Weight,
} from './graph.ts';

/** Every simplification, in the order in which they build on each other. */
export function simplify(graph: Graph): Graph {
  return fuseRelu(foldScaleShift(graph));
}

/**
 * Folds batch norms (and other per-channel scales) into the preceding convolution. This is exact: both are
 * linear, and a convolution pads before the scale. It applies only where the batch norm is the convolution's
 * sole reader; other readers would see scaled values.
 */
export function foldScaleShift(graph: Graph): Graph {
  return rewrite(graph, (node, absorb) => {
    if (node.operation.kind !== 'scaleShift') return null;
    const conv = absorb(0);
    if (conv?.operation.relu !== false) return null;
    const { scale, shift } = node.operation;
    const layer = conv.operation;
    const operation: Operation =
      layer.kind === 'conv'
        ? {
            ...layer,
            kernel: scaled(layer.kernel, scale, 3),
            bias: moved(layer.kernel, layer.bias, scale, shift),
          }
        : {
            ...layer,
            kernel: scaled(layer.kernel, scale, 2),
            bias: moved(layer.kernel, layer.bias, scale, shift),
          };
    return { operation, inputs: conv.inputs, scope: conv.scope };
  });
}

/** Lets a convolution apply the ReLU after it, if that ReLU is its sole reader. */
export function fuseRelu(graph: Graph): Graph {
  return rewrite(graph, (node, absorb) => {
    if (node.operation.kind !== 'relu') return null;
    const conv = absorb(0);
    if (conv === null) return null;
    return { operation: { ...conv.operation, relu: true }, inputs: conv.inputs, scope: conv.scope };
  });
}

interface Convolution extends GraphNode {
  readonly operation: OperationOf<'conv'> | OperationOf<'upConv'>;
}

type Replacement = Pick<GraphNode, 'operation' | 'inputs' | 'scope'>;

/**
 * Rebuilds the graph from its inputs to its outputs.
 * @param rule returns a node's replacement, or null to keep its operation. `absorb(i)` is the node's
 * rewritten i-th input when that is a convolution that may vanish into the replacement, else null.
 */
function rewrite(
  graph: Graph,
  rule: (node: GraphNode, absorb: (index: number) => Convolution | null) => Replacement | null,
): Graph {
  const readers = consumerCounts(graph);
  const rewritten = new Map<GraphNode, GraphNode>();
  const after = (node: GraphNode): GraphNode => {
    const result = rewritten.get(node);
    if (result === undefined) throw new Error(`The graph is not in order at ${node.scope}.`);
    return result;
  };
  for (const node of topologicalOrder(graph.outputs)) {
    if (node.operation.kind === 'input') {
      rewritten.set(node, node);
      continue;
    }
    const absorb = (index: number): Convolution | null => {
      const input = node.inputs[index];
      if (input?.label !== null || readers.get(input) !== 1) return null;
      const result = after(input);
      return isConvolution(result) ? result : null;
    };
    const replacement = rule(node, absorb) ?? { ...node, inputs: node.inputs.map(after) };
    rewritten.set(node, { ...replacement, shape: node.shape, label: node.label });
  }
  return { inputs: graph.inputs, outputs: graph.outputs.map(after) };
}

function isConvolution(node: GraphNode): node is Convolution {
  return node.operation.kind === 'conv' || node.operation.kind === 'upConv';
}

/** The kernel with each output channel, along `axis`, multiplied by its scale. */
function scaled(kernel: Weight, scale: Weight, axis: number): Weight {
  const { shape } = kernel;
  const channels = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((product, side) => product * side, 1);
  return {
    name: kernel.name,
    shape,
    data: () => {
      const factors = scale.data();
      return kernel.data().map((value, i) => value * (factors[Math.floor(i / inner) % channels] ?? 1));
    },
  };
}

/** bias * scale + shift, the bias of the folded convolution. */
function moved(kernel: Weight, bias: Weight | null, scale: Weight, shift: Weight): Weight {
  return {
    name: kernel.name.replace(/kernel$/, 'bias'),
    shape: shift.shape,
    data: () => {
      if (bias === null) return shift.data();
      const [factors, values] = [scale.data(), bias.data()];
      return shift.data().map((value, i) => value + (values[i] ?? 0) * (factors[i] ?? 1));
    },
  };
}
