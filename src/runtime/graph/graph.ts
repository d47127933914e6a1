/**
 * The intermediate representation of an exported network: a directed acyclic graph of values. `GraphOps`
 * records it, `passes.ts` simplifies it, `graph-def.ts` (TF.js) and `../onnx` (ONNX) write it.
 */
import type { Shape4 } from '../../model/ops.ts';

/**
 * A constant tensor. `data` computes on demand, so that folding a full-size network (hundreds of MB) never
 * holds more than one folded kernel at a time.
 */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: () => Float32Array;
}

/** What a node does to its inputs. All maps are NHWC. */
export type Operation =
  | { readonly kind: 'input' }
  | { readonly kind: 'identity' }
  | {
      readonly kind: 'conv';
      /** [k, k, in, out] */
      readonly kernel: Weight;
      /** [out] */
      readonly bias: Weight | null;
      readonly stride: number;
      /** Pixels on every side. */
      readonly pad: number;
      /** ReLU applied to the result. */
      readonly relu: boolean;
    }
  | {
      readonly kind: 'upConv';
      /** [2, 2, out, in], stride 2 */
      readonly kernel: Weight;
      /** [out] */
      readonly bias: Weight;
      readonly relu: boolean;
    }
  /** x * scale + shift, both [c]: input normalisation, and batch norms that no convolution absorbed. */
  | { readonly kind: 'scaleShift'; readonly scale: Weight; readonly shift: Weight }
  | { readonly kind: 'relu' }
  | { readonly kind: 'sigmoid' }
  | { readonly kind: 'add' }
  | { readonly kind: 'mul' }
  | { readonly kind: 'concat' }
  | { readonly kind: 'maxPool'; readonly size: number; readonly stride: number; readonly pad: number }
  /** Bilinear with aligned corners, to the node's own shape. */
  | { readonly kind: 'resize' }
  /** Inputs: map, boxes [n, 1, 1, 4]. */
  | { readonly kind: 'cropResize' }
  /** Appends the channels of a constant map, [1, h, w, k]. */
  | { readonly kind: 'withMap'; readonly map: Weight }
  /** Inputs: queries, keys, values; see `Ops.attend`. */
  | { readonly kind: 'attend' }
  | { readonly kind: 'globalMean' }
  /** Logits [n, h, w, c] → class * 256 + confidence, int32 [n, h, w] (the node's shape says [n, h, w, 1]). */
  | { readonly kind: 'pack' };

export type OperationOf<K extends Operation['kind']> = Extract<Operation, { kind: K }>;

/** A value: the operation that computes it and the operation's inputs. */
export interface GraphNode {
  readonly operation: Operation;
  readonly inputs: readonly GraphNode[];
  /** The batch is written as 1 and stays open in every emitted graph. */
  readonly shape: Shape4;
  /** Origin of the value, for readable names: a layer's name, or the operation's. */
  readonly scope: string;
  /** Public name under which the value can be fetched and fed; such a value is never fused away. */
  label: string | null;
}

/** A network ready to be written out. */
export interface Graph {
  readonly inputs: readonly GraphNode[];
  readonly outputs: readonly GraphNode[];
}

/** All values that the outputs need, each after its inputs; unused values are dropped. */
export function topologicalOrder(outputs: readonly GraphNode[]): GraphNode[] {
  const order: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  // An explicit stack: a ResNet-152 is deep enough to strain the call stack of a browser worker.
  const stack = [...outputs].reverse().map((node) => ({ node, next: 0 }));
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (top.next === 0 && seen.has(top.node)) {
      stack.pop();
      continue;
    }
    seen.add(top.node);
    const input = top.node.inputs[top.next++];
    if (input === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(input)) {
      stack.push({ node: input, next: 0 });
    }
  }
  return order;
}

/** How many times each value is read; being an output of the graph counts as one. */
export function consumerCounts(graph: Graph): Map<GraphNode, number> {
  const counts = new Map<GraphNode, number>();
  const count = (node: GraphNode): void => void counts.set(node, (counts.get(node) ?? 0) + 1);
  graph.outputs.forEach(count);
  for (const node of topologicalOrder(graph.outputs)) node.inputs.forEach(count);
  return counts;
}

/**
 * The values to compute once per context: those that depend on `context` and no other input, and that the
 * slice's part reads. Feeding them back leaves nothing of the context to compute.
 */
export function contextCut(graph: Graph, context: GraphNode): GraphNode[] {
  const order = topologicalOrder(graph.outputs);
  const onlyContext = new Set<GraphNode>();
  for (const node of order) {
    const fromContext =
      node === context || (node.inputs.length > 0 && node.inputs.every((x) => onlyContext.has(x)));
    if (fromContext) onlyContext.add(node);
  }
  const cut = new Set<GraphNode>();
  for (const node of order) {
    if (onlyContext.has(node)) continue;
    for (const input of node.inputs) if (onlyContext.has(input)) cut.add(input);
  }
  return order.filter((node) => cut.has(node));
}
