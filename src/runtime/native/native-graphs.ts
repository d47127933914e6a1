/**
 * A recorded network as two ONNX graphs that take and give bytes: one encodes a context, one segments slices with the
 * features of their context. Around the network they convert RGBA bytes to planes, and logits to class, confidence and
 * log-probabilities, so that nothing is left to compute outside the runtime.
 */
import { nameOf } from '../domain/encoder-stages.ts';
import { topologicalOrder, type GraphNode } from '../graph/graph.ts';
import type { RecordedNetwork } from '../graph/graph-model.ts';
import { encodeModel, type OnnxValue } from '../onnx/onnx-messages.ts';
import { MapWriter } from '../onnx/onnx-maps.ts';
import { onnxOpset } from '../onnx/onnx-model.ts';
import { OnnxNodes } from '../onnx/onnx-nodes.ts';
import { natsPerSquare } from '../relative-logits.ts';

/** Name of the open dimension: slices of a batch. */
export const batchDimension = 'batch';

export interface ContextGraph {
  readonly file: Uint8Array<ArrayBuffer>;
  /** uint8 RGBA [1, height, width, 4]. */
  readonly input: string;
  /** float32 NCHW maps of the features, in the order of `RecordedNetwork.contextFeatures`. */
  readonly features: readonly string[];
}

export interface SliceGraph {
  readonly file: Uint8Array<ArrayBuffer>;
  /** uint8 RGBA [n, height, width, 4]. */
  readonly slice: string;
  /** float32 [n, 1, 1, 4] y1, x1, y2, x2; null when the network does not read it. */
  readonly boxes: string | null;
  /** Features of one context, as `ContextGraph` gives them; they serve the whole batch. */
  readonly features: readonly string[];
  readonly outputs: {
    /** uint8 [n, height, width]. */
    readonly classes: string;
    /** uint8 [n, height, width]. */
    readonly confidence: string;
    /** uint8 [n, height, width, classes], in the encoding of `relativeLogits`; null when not requested. */
    readonly logProbabilities: string | null;
  };
}

export interface EncoderGraph {
  readonly file: Uint8Array<ArrayBuffer>;
  /** uint8 RGBA [1, height, width, 4]. */
  readonly slice: string;
  /** float32 [1, channels, 1, 1], in the order of the values asked for. */
  readonly means: readonly string[];
}

/** The graphs of a network, each written when it is asked for. */
export interface NetworkGraphs {
  /** @throws RangeError when the network reads no context. */
  context(): ContextGraph;
  slices(logProbabilities: boolean): SliceGraph;
  /** @param nodes see `Segmenter.encoderMeans`. @throws RangeError when the network has no value of the name. */
  encoder(nodes: readonly string[]): EncoderGraph;
}

export function graphsOf(network: RecordedNetwork): NetworkGraphs {
  return {
    context: () => writeContextGraph(network),
    slices: (logProbabilities) => writeSliceGraph(network, logProbabilities),
    encoder: (nodes) => writeEncoderGraph(network, nodes),
  };
}

/** @throws RangeError when the network has no value of the name. */
export function writeEncoderGraph(
  { slice, logits }: RecordedNetwork,
  nodes: readonly string[],
): EncoderGraph {
  const values = new Map(topologicalOrder([logits]).map((value) => [nameOf(value), value]));
  const wanted = nodes.map((node) => {
    const value = values.get(node);
    if (value === undefined) throw new RangeError(`The network has no value "${node}".`);
    return value;
  });
  const graph = new ByteGraph(topologicalOrder(wanted));
  const sliceName = graph.image(slice, 1);
  graph.operations();
  return { means: wanted.map((value) => graph.mean(value)), slice: sliceName, file: graph.encode() };
}

/** @throws RangeError when the network reads no context. */
export function writeContextGraph({ context, contextFeatures }: RecordedNetwork): ContextGraph {
  if (context === null) throw new RangeError('The network reads no context.');
  const graph = new ByteGraph(topologicalOrder(contextFeatures));
  const input = graph.image(context, 1);
  graph.operations();
  for (const node of contextFeatures) graph.output(graph.maps.of(node), 'float32', channelsFirst(node));
  return { file: graph.encode(), input, features: contextFeatures.map((node) => graph.maps.of(node)) };
}

/** @param logProbabilities adds the output; the runtime computes all outputs of a graph on every run. */
export function writeSliceGraph(network: RecordedNetwork, logProbabilities: boolean): SliceGraph {
  const { slice, sliceInContext, contextFeatures, logits } = network;
  const graph = new ByteGraph(slicePart(network));
  const sliceName = graph.image(slice, batchDimension);
  const boxes = sliceInContext === null ? null : graph.boxes(sliceInContext);
  const features = contextFeatures.map((node) => graph.feature(node, sliceName));
  graph.operations();
  const outputs = graph.results(logits, logProbabilities);
  return { file: graph.encode(), slice: sliceName, boxes, features, outputs };
}

/** The values that are computed per slice, each after its inputs; it begins at inputs and context features. */
function slicePart({ logits, contextFeatures }: RecordedNetwork): GraphNode[] {
  const given = new Set(contextFeatures);
  const order = topologicalOrder([logits]);
  const needed = new Set<GraphNode>([logits]);
  for (const node of [...order].reverse()) {
    if (!needed.has(node) || given.has(node)) continue;
    for (const input of node.inputs) needed.add(input);
  }
  return order.filter((node) => needed.has(node));
}

function channelsFirst({ shape: [, height, width, channels] }: GraphNode): number[] {
  return [1, channels, height, width];
}

class ByteGraph {
  readonly maps: MapWriter;
  readonly #order: readonly GraphNode[];
  readonly #out: OnnxNodes;
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];
  readonly #given = new Set<GraphNode>();
  /** Of each context feature, its map repeated for every slice of the batch. */
  readonly #repeated = new Map<GraphNode, () => string>();

  constructor(order: readonly GraphNode[]) {
    this.#order = order;
    this.#out = new OnnxNodes(order, 'float32');
    this.maps = new MapWriter(this.#out);
  }

  /** Declares an image, RGBA bytes. @returns the input's name. */
  image(node: GraphNode, batch: number | string): string {
    const [, height, width] = node.shape;
    const name = this.#input(node, 'uint8', [batch, height, width, 4]);
    const planes = this.#out.add('Transpose', `${name}/planes`, [name], { perm: { ints: [0, 3, 1, 2] } });
    const colours = this.#out.add('Slice', `${name}/colours`, [
      planes,
      this.#out.int64s(`${name}/first`, [0]),
      this.#out.int64s(`${name}/end`, [3]),
      this.#out.int64s(`${name}/channel_axis`, [1]),
    ]);
    this.maps.set(node, this.#out.add('Cast', `${name}/values`, [colours], { to: { int: 1 } }));
    return name;
  }

  /** Declares the slices' boxes. @returns the input's name. */
  boxes(node: GraphNode): string {
    const name = this.#input(node, 'float32', [batchDimension, 1, 1, 4]);
    this.maps.set(node, name);
    return name;
  }

  /** Declares a map of the context. @param slices name of the input whose batch it serves. @returns its name. */
  feature(node: GraphNode, slices: string): string {
    const name = this.#input(node, 'float32', channelsFirst(node));
    this.maps.set(node, name);
    let repeated: string | null = null;
    this.#repeated.set(node, () => (repeated ??= this.#repeat(name, slices)));
    return name;
  }

  /** Writes everything that is not given. */
  operations(): void {
    for (const node of this.#order) {
      if (this.#given.has(node)) continue;
      // Sums, products and attention broadcast a single context over the batch; these two do not.
      const { kind } = node.operation;
      const single = kind === 'concat' || kind === 'cropResize' ? node.inputs : [];
      for (const input of single) {
        const repeated = this.#repeated.get(input);
        if (repeated !== undefined) this.maps.set(input, repeated());
      }
      const features = single.filter((input) => this.#repeated.has(input));
      this.maps.write(node, this.#out.names.of(node));
      for (const input of features) this.maps.set(input, this.#out.names.of(input));
    }
  }

  output(name: string, type: OnnxValue['type'], shape: OnnxValue['shape']): void {
    this.#outputs.push({ name, type, shape });
  }

  /** Declares the mean over the positions of a value as an output. @returns its name. */
  mean(node: GraphNode): string {
    const map = this.maps.of(node);
    const name = this.#out.add('GlobalAveragePool', `${map}/mean`, [map]);
    this.output(name, 'float32', [1, node.shape[3], 1, 1]);
    return name;
  }

  /** Class, confidence and, on request, log-probabilities as bytes. */
  results(logits: GraphNode, logProbabilities: boolean): SliceGraph['outputs'] {
    const out = this.#out;
    const scores = this.maps.of(logits);
    const [, height, width, channels] = logits.shape;
    const plane = [batchDimension, height, width];
    const scalar = (wish: string, value: number): string => out.floats(wish, Float32Array.of(value), []);
    const toBytes = (values: string, wish: string): string =>
      out.add('Cast', wish, [values], { to: { int: 2 } });
    const axis = out.int64s('result/axis', [1]);

    const winner = out.add('ArgMax', 'result/winner', [scores], { axis: { int: 1 }, keepdims: { int: 0 } });
    const classes = toBytes(winner, 'result/classes');
    this.output(classes, 'uint8', plane);

    const top = out.add('ReduceMax', 'result/top', [scores, axis], { keepdims: { int: 1 } });
    const below = out.add('Sub', 'result/below', [top, scores]); // 0 for the winner, positive for the others
    const powers = out.add('Exp', 'result/powers', [out.add('Neg', 'result/above', [below])]);
    const sum = out.add('ReduceSum', 'result/sum', [powers, axis], { keepdims: { int: 0 } });
    // The winner's probability is 1 / sum; half a step more rounds instead of truncating.
    const share = out.add('Div', 'result/share', [scalar('result/steps', 255), sum]);
    const rounded = out.add('Add', 'result/rounded', [share, scalar('result/half', 0.5)]);
    const confidence = toBytes(rounded, 'result/confidence');
    this.output(confidence, 'uint8', plane);

    if (!logProbabilities) return { classes, confidence, logProbabilities: null };
    const squares = out.add('Mul', 'result/squares', [below, scalar('result/scale', 1 / natsPerSquare)]);
    const steps = out.add('Sqrt', 'result/distance', [squares]);
    const bytes = out.add('Sub', 'result/relative', [scalar('result/winners_byte', 255.5), steps]);
    const clipped = out.add('Clip', 'result/clipped', [
      bytes,
      scalar('result/least', 0),
      scalar('result/most', 255),
    ]);
    const relative = out.add('Transpose', 'result/log_probabilities', [toBytes(clipped, 'result/bytes')], {
      perm: { ints: [0, 2, 3, 1] },
    });
    this.output(relative, 'uint8', [...plane, channels]);
    return { classes, confidence, logProbabilities: relative };
  }

  encode(): Uint8Array<ArrayBuffer> {
    return encodeModel(
      {
        name: 'dualscope',
        nodes: this.#out.nodes,
        initializers: this.#out.initializers,
        inputs: this.#inputs,
        outputs: this.#outputs,
      },
      { opset: onnxOpset, producer: 'dualscope', metadata: {} },
    );
  }

  #input(node: GraphNode, type: OnnxValue['type'], shape: OnnxValue['shape']): string {
    const name = this.#out.names.of(node);
    this.#inputs.push({ name, type, shape });
    this.#given.add(node);
    return name;
  }

  #repeat(name: string, slices: string): string {
    const batch = this.#out.add('Shape', `${name}/batch`, [slices], { start: { int: 0 }, end: { int: 1 } });
    const ones = this.#out.int64s(`${name}/ones`, [1, 1, 1]);
    const shape = this.#out.add('Concat', `${name}/shape`, [batch, ones], { axis: { int: 0 } });
    return this.#out.add('Expand', `${name}/repeated`, [name, shape]);
  }
}
