/**
 * Writes a graph as a TensorFlow GraphDef in JSON, the topology of a TF.js GraphModel. It uses only
 * operations available on all of TF.js's cpu, wasm, webgl and webgpu backends.
 */
import { writeConv, writeUpConv } from './graph-def-conv.ts';
import {
  floatType,
  GraphDefNodes,
  intType,
  ints,
  string,
  type Constant,
  type NodeDef,
} from './graph-def-nodes.ts';
import { topologicalOrder, type Graph, type GraphNode, type OperationOf } from './graph.ts';

export interface GraphDef {
  readonly nodes: readonly NodeDef[];
  readonly constants: readonly Constant[];
  /** Name in the GraphDef of every value of the graph. */
  readonly nameOf: (node: GraphNode) => string;
}

/** @throws ModelError `bad-graph` when two values have the same label. */
export function toGraphDef(graph: Graph): GraphDef {
  const order = topologicalOrder([...graph.inputs, ...graph.outputs]);
  const out = new GraphDefNodes(order);
  const crops = new CropResizeWriter(out);
  for (const node of order) writeValue(out, crops, node);
  return { nodes: out.nodes, constants: out.constants, nameOf: (node) => out.names.of(node) };
}

/** An input's or output's shape with an open batch, in protobuf's JSON form. */
export function openBatch(dimensions: readonly number[]): { dim: { size: string }[] } {
  return { dim: [-1, ...dimensions].map((size) => ({ size: String(size) })) };
}

/** Below every activation: fills the borders of a max pooling whose maximum may be below zero. */
export const lowestFloat = -3.4028234663852886e38;

function writeValue(out: GraphDefNodes, crops: CropResizeWriter, node: GraphNode): void {
  const name = out.names.of(node);
  const inputs = node.inputs.map((input) => out.names.of(input));
  const [x = ''] = inputs;
  const { operation, shape } = node;
  const [, height, width, channels] = shape;
  switch (operation.kind) {
    case 'input':
      out.node(name, 'Placeholder', [], {
        dtype: floatType,
        shape: { shape: openBatch([height, width, channels]) },
      });
      break;
    case 'identity':
      out.node(name, 'Identity', inputs, { T: floatType });
      break;
    case 'conv':
      writeConv(out, name, x, operation, channels);
      break;
    case 'upConv':
      writeUpConv(out, name, x, operation, channels);
      break;
    case 'scaleShift': {
      const scaled = out.add('Mul', `${name}/scaled`, [x, out.weight(operation.scale, false)]);
      out.node(name, 'AddV2', [scaled, out.weight(operation.shift, false)], { T: floatType });
      break;
    }
    case 'relu':
      out.node(name, 'Relu', inputs, { T: floatType });
      break;
    case 'sigmoid':
      out.node(name, 'Sigmoid', inputs, { T: floatType });
      break;
    case 'add':
      out.node(name, 'AddV2', inputs, { T: floatType });
      break;
    case 'mul':
      out.node(name, 'Mul', inputs, { T: floatType });
      break;
    case 'concat':
      out.node(name, 'ConcatV2', [...inputs, out.ints(`${name}/axis`, [3], [])], {
        N: { i: String(inputs.length) },
        T: floatType,
        Tidx: intType,
      });
      break;
    case 'maxPool':
      writeMaxPool(out, name, x, operation, isNonNegative(node.inputs[0]));
      break;
    case 'resize':
      out.node(name, 'ResizeBilinear', [x, out.ints(`${name}/size`, [height, width])], {
        T: floatType,
        align_corners: { b: true },
        half_pixel_centers: { b: false },
      });
      break;
    case 'cropResize':
      crops.write(name, x, node.inputs[1], [height, width]);
      break;
    case 'withMap':
      writeWithMap(out, name, x, operation, channels);
      break;
    case 'attend':
      writeAttend(out, name, inputs, node);
      break;
    case 'globalMean':
      out.node(name, 'Mean', [x, out.ints(`${name}/axes`, [1, 2])], {
        T: floatType,
        Tidx: intType,
        keep_dims: { b: true },
      });
      break;
    case 'pack':
      writePack(out, name, x);
      break;
  }
}

/** New channels of zeros, then the map added to them. @param channels of the result */
function writeWithMap(
  out: GraphDefNodes,
  name: string,
  x: string,
  { map }: OperationOf<'withMap'>,
  channels: number,
): void {
  const [, height = 1, width = 1, added = 1] = map.shape;
  const paddings = out.ints(`${name}/paddings`, [0, 0, 0, 0, 0, 0, 0, added], [4, 2]);
  const wide = out.add('PadV2', `${name}/wide`, [x, paddings, out.floats(`${name}/zero`, [0], [])], {
    Tpaddings: intType,
  });
  const values = map.data();
  const plane = new Float32Array(height * width * channels);
  for (let pixel = 0; pixel < height * width; pixel++) {
    plane.set(values.subarray(pixel * added, (pixel + 1) * added), (pixel + 1) * channels - added);
  }
  const shifts = out.floats(`${name}/map`, [...plane], [1, height, width, channels]);
  out.node(name, 'AddV2', [wide, shifts], { T: floatType });
}

/** Positions as rows: softmax(Q Kᵀ) V. Four axes, because that is what Softmax is written for here. */
function writeAttend(
  out: GraphDefNodes,
  name: string,
  inputs: readonly string[],
  { shape: [, height, width, depth], inputs: nodes }: GraphNode,
): void {
  const rows = (part: string, index: number): string => {
    const [, h = 1, w = 1, c = 1] = nodes[index]?.shape ?? [];
    const shape = out.ints(`${name}/${part}_shape`, [-1, 1, h * w, c]);
    return out.add('Reshape', `${name}/${part}`, [inputs[index] ?? '', shape], { Tshape: intType });
  };
  const product = (wish: string, a: string, b: string, transposed: boolean): string =>
    out.add('BatchMatMulV2', `${name}/${wish}`, [a, b], { adj_x: { b: false }, adj_y: { b: transposed } });
  const scores = product('scores', rows('queries', 0), rows('keys', 1), true);
  const weights = out.add('Softmax', `${name}/weights`, [scores]);
  const found = product('found', weights, rows('values', 2), false);
  const shape = out.ints(`${name}/shape`, [-1, height, width, depth]);
  out.node(name, 'Reshape', [found, shape], { T: floatType, Tshape: intType });
}

/** Borders never win: SAME skips them; otherwise they are padded with a value that exceeds none. */
function writeMaxPool(
  out: GraphDefNodes,
  name: string,
  x: string,
  { size, stride, pad }: OperationOf<'maxPool'>,
  nonNegative: boolean,
): void {
  const same = stride === 1 && 2 * pad === size - 1;
  let input = x;
  if (pad > 0 && !same) {
    const paddings = out.ints(`${name}/paddings`, [0, 0, pad, pad, pad, pad, 0, 0], [4, 2]);
    const border = out.floats(`${name}/border`, [nonNegative ? 0 : lowestFloat], []);
    input = out.add('PadV2', `${name}/padded`, [x, paddings, border], { Tpaddings: intType });
  }
  out.node(name, 'MaxPool', [input], {
    T: floatType,
    ksize: ints([1, size, size, 1]),
    strides: ints([1, stride, stride, 1]),
    padding: string(same && pad > 0 ? 'SAME' : 'VALID'),
    data_format: string('NHWC'),
  });
}

/** Winning class * 256 + its probability in 255ths, rounded: one int32 per pixel to read back. */
function writePack(out: GraphDefNodes, name: string, logits: string): void {
  const probabilities = out.add('Softmax', `${name}/probabilities`, [logits]);
  const largest = out.add('Max', `${name}/largest`, [probabilities, out.ints(`${name}/largest_axis`, [-1])], {
    keep_dims: { b: false },
    Tidx: intType,
  });
  const range = out.add('Mul', `${name}/range`, [largest, out.floats(`${name}/steps`, [255], [])]);
  const half = out.add('AddV2', `${name}/half_up`, [range, out.floats(`${name}/half`, [0.5], [])]);
  const confidence = out.names.free(`${name}/confidence`);
  out.node(confidence, 'Cast', [half], { SrcT: floatType, DstT: intType });
  const winner = out.names.free(`${name}/class`);
  out.node(winner, 'ArgMax', [logits, out.ints(`${name}/class_axis`, [-1], [])], {
    T: floatType,
    Tidx: intType,
    output_type: intType,
  });
  const high = out.names.free(`${name}/class_high`);
  out.node(high, 'Mul', [winner, out.ints(`${name}/byte`, [256], [])], { T: intType });
  out.node(name, 'AddV2', [high, confidence], { T: intType });
}

/** Whether no value can be below zero, so that a border of zeros never wins a maximum. */
export function isNonNegative(value: GraphNode | undefined): boolean {
  // A loop: a graph from elsewhere may be deeper than the stack.
  for (let node = value; node !== undefined; node = node.inputs[0]) {
    const { operation } = node;
    if (operation.kind === 'relu' || operation.kind === 'sigmoid') return true;
    if (operation.kind === 'conv' || operation.kind === 'upConv') return operation.relu;
    if (!['identity', 'maxPool', 'resize', 'globalMean'].includes(operation.kind)) return false;
  }
  return false;
}

/** Prepares boxes once, however many features are cropped by them. */
class CropResizeWriter {
  readonly #out: GraphDefNodes;
  readonly #known = new Map<GraphNode, { boxes: string; indices: string }>();

  constructor(out: GraphDefNodes) {
    this.#out = out;
  }

  /** CropAndResize with box i applied to batch element i, for any batch. */
  write(name: string, x: string, boxes: GraphNode | undefined, size: readonly [number, number]): void {
    if (boxes === undefined) throw new Error(`${name} has no boxes.`);
    const flat = this.#flatBoxes(boxes);
    this.#out.node(
      name,
      'CropAndResize',
      [x, flat.boxes, flat.indices, this.#out.ints(`${name}/size`, size)],
      {
        T: floatType,
        method: string('bilinear'),
        extrapolation_value: { f: 0 },
      },
    );
  }

  #flatBoxes(boxes: GraphNode): { boxes: string; indices: string } {
    const known = this.#known.get(boxes);
    if (known !== undefined) return known;
    const name = this.#out.names.of(boxes);
    const flat = this.#out.add(
      'Reshape',
      `${name}/flat`,
      [name, this.#out.ints(`${name}/flat_shape`, [-1, 4])],
      {
        Tshape: intType,
      },
    );
    // 0, 1, 2, … up to the batch: the running count of the boxes before each box.
    const column = this.#out.add(
      'Slice',
      `${name}/column`,
      [flat, this.#out.ints(`${name}/column_begin`, [0, 0]), this.#out.ints(`${name}/column_size`, [-1, 1])],
      { Index: intType },
    );
    const row = this.#out.add('Reshape', `${name}/row`, [column, this.#out.ints(`${name}/row_shape`, [-1])], {
      Tshape: intType,
    });
    const ones = this.#out.add('OnesLike', `${name}/ones`, [row]);
    const counts = this.#out.add(
      'Cumsum',
      `${name}/counts`,
      [ones, this.#out.ints(`${name}/counts_axis`, [0], [])],
      {
        exclusive: { b: true },
        reverse: { b: false },
        Tidx: intType,
      },
    );
    const indices = this.#out.names.free(`${name}/indices`);
    this.#out.node(indices, 'Cast', [counts], { SrcT: floatType, DstT: intType });
    const result = { boxes: flat, indices };
    this.#known.set(boxes, result);
    return result;
  }
}
