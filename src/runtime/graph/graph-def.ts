/**
 * Writes a graph as a TensorFlow GraphDef in JSON, the topology of a TF.js GraphModel. Only operations that
 * TF.js has on all of its cpu, wasm, webgl and webgpu backends are used.
 */
import { topologicalOrder, type Graph, type GraphNode, type OperationOf, type Weight } from './graph.ts';
import { Names } from './names.ts';

type Attribute =
  | { readonly type: 'DT_FLOAT' | 'DT_INT32' }
  | { readonly b: boolean }
  | { readonly i: string }
  | { readonly f: number }
  | { readonly s: string }
  | { readonly shape: { readonly dim: readonly { readonly size: string }[] } }
  | { readonly list: { readonly i: readonly string[] } | { readonly s: readonly string[] } };

/** A node of a GraphDef in protobuf's JSON form. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** A constant of the graph, whose values go to the weight shards. */
export type Constant =
  | {
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: 'int32';
      readonly data: () => Int32Array;
    }
  | {
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: 'float32';
      readonly data: () => Float32Array;
      /** May be stored in half precision: a kernel, not a bias, a bound or a scale of inputs. */
      readonly large: boolean;
    };

export interface GraphDef {
  readonly nodes: readonly NodeDef[];
  readonly constants: readonly Constant[];
  /** Name in the GraphDef of every value of the graph. */
  readonly nameOf: (node: GraphNode) => string;
}

/** @throws ModelError `bad-graph` when two values carry the same label. */
export function toGraphDef(graph: Graph): GraphDef {
  const writer = new GraphDefWriter(topologicalOrder([...graph.inputs, ...graph.outputs]));
  return writer.write();
}

/** An input's or output's shape with an open batch, as protobuf's JSON writes it. */
export function openBatch(dimensions: readonly number[]): { dim: { size: string }[] } {
  return { dim: [-1, ...dimensions].map((size) => ({ size: String(size) })) };
}

/** Below every activation: what the borders of a max pooling hold when zero could be the largest. */
const LOWEST = -3.4028234663852886e38;
const FLOAT = { type: 'DT_FLOAT' } as const;
const INT = { type: 'DT_INT32' } as const;

class GraphDefWriter {
  private readonly nodes: NodeDef[] = [];
  private readonly constants: Constant[] = [];
  private readonly names: Names;
  private readonly boxIndices = new Map<GraphNode, { boxes: string; indices: string }>();

  constructor(private readonly order: readonly GraphNode[]) {
    this.names = new Names(order);
  }

  write(): GraphDef {
    for (const node of this.order) this.value(node);
    return { nodes: this.nodes, constants: this.constants, nameOf: (node) => this.names.of(node) };
  }

  private value(node: GraphNode): void {
    const name = this.names.of(node);
    const inputs = node.inputs.map((input) => this.names.of(input));
    const [x = ''] = inputs;
    const { operation, shape } = node;
    const [, height, width, channels] = shape;
    switch (operation.kind) {
      case 'input':
        this.node(name, 'Placeholder', [], {
          dtype: FLOAT,
          shape: { shape: openBatch([height, width, channels]) },
        });
        break;
      case 'identity':
        this.node(name, 'Identity', inputs, { T: FLOAT });
        break;
      case 'conv':
        this.conv(name, x, operation, channels);
        break;
      case 'upConv':
        this.upConv(name, x, operation, channels);
        break;
      case 'scaleShift': {
        const scaled = this.add('Mul', `${name}/scaled`, [x, this.weight(operation.scale, false)]);
        this.node(name, 'AddV2', [scaled, this.weight(operation.shift, false)], { T: FLOAT });
        break;
      }
      case 'relu':
        this.node(name, 'Relu', inputs, { T: FLOAT });
        break;
      case 'sigmoid':
        this.node(name, 'Sigmoid', inputs, { T: FLOAT });
        break;
      case 'add':
        this.node(name, 'AddV2', inputs, { T: FLOAT });
        break;
      case 'mul':
        this.node(name, 'Mul', inputs, { T: FLOAT });
        break;
      case 'concat':
        this.node(name, 'ConcatV2', [...inputs, this.ints(`${name}/axis`, [3], [])], {
          N: { i: String(inputs.length) },
          T: FLOAT,
          Tidx: INT,
        });
        break;
      case 'maxPool':
        this.maxPool(name, x, operation, isNonNegative(node.inputs[0]));
        break;
      case 'resize':
        this.node(name, 'ResizeBilinear', [x, this.ints(`${name}/size`, [height, width])], {
          T: FLOAT,
          align_corners: { b: true },
          half_pixel_centers: { b: false },
        });
        break;
      case 'cropResize':
        this.cropResize(name, x, node.inputs[1], [height, width]);
        break;
      case 'globalMean':
        this.node(name, 'Mean', [x, this.ints(`${name}/axes`, [1, 2])], {
          T: FLOAT,
          Tidx: INT,
          keep_dims: { b: true },
        });
        break;
      case 'pack':
        this.pack(name, x);
        break;
    }
  }

  private conv(
    name: string,
    x: string,
    { kernel, bias, stride, pad, relu }: OperationOf<'conv'>,
    channels: number,
  ): void {
    const side = kernel.shape[0] ?? 1;
    const padding: Record<string, Attribute> =
      pad === 0
        ? { padding: string('VALID') }
        : { padding: string('EXPLICIT'), explicit_paddings: ints([0, 0, pad, pad, pad, pad, 0, 0]) };
    this.fusedConv(name, x, this.weight(kernel, true), this.biasFor(kernel, bias, relu, channels), relu, {
      strides: ints([1, stride, stride, 1]),
      ...(side === 1 ? { padding: string('VALID') } : padding),
    });
  }

  /**
   * A 2×2 convolution upwards with stride 2 writes four pixels for each one it reads, and no two overlap:
   * so it is a 1×1 convolution to four times the channels, whose groups DepthToSpace lays out as squares.
   * That is many times faster than Conv2DBackpropInput on the wasm backend.
   */
  private upConv(
    name: string,
    x: string,
    { kernel, bias, relu }: OperationOf<'upConv'>,
    channels: number,
  ): void {
    const inputs = kernel.shape[3] ?? 1;
    const flat: Weight = {
      name: kernel.name,
      shape: [1, 1, inputs, 4 * channels],
      data: () => transposed(kernel.data(), 4 * channels, inputs),
    };
    const tiled: Weight = {
      name: bias.name,
      shape: [4 * channels],
      data: () => {
        const values = bias.data();
        return Float32Array.from({ length: 4 * channels }, (_, i) => values[i % channels] ?? 0);
      },
    };
    const wide = this.names.free(`${name}/wide`);
    this.fusedConv(wide, x, this.weight(flat, true), this.weight(tiled, false), relu, {
      strides: ints([1, 1, 1, 1]),
      padding: string('VALID'),
    });
    this.node(name, 'DepthToSpace', [wide], {
      T: FLOAT,
      block_size: { i: '2' },
      data_format: string('NHWC'),
    });
  }

  private fusedConv(
    name: string,
    x: string,
    kernel: string,
    bias: string | null,
    relu: boolean,
    attributes: Record<string, Attribute>,
  ): void {
    const attr = { ...attributes, T: FLOAT, data_format: string('NHWC'), dilations: ints([1, 1, 1, 1]) };
    if (bias === null) {
      this.node(name, 'Conv2D', [x, kernel], attr);
      return;
    }
    this.node(name, '_FusedConv2D', [x, kernel, bias], {
      ...attr,
      num_args: { i: '1' },
      epsilon: { f: 0 },
      fused_ops: { list: { s: (relu ? ['BiasAdd', 'Relu'] : ['BiasAdd']).map(base64) } },
    });
  }

  /** TF.js fuses a ReLU only behind a bias, so a convolution with ReLU alone is given a bias of zero. */
  private biasFor(kernel: Weight, bias: Weight | null, relu: boolean, channels: number): string | null {
    if (bias !== null) return this.weight(bias, false);
    if (!relu) return null;
    const zero: Weight = {
      name: kernel.name.replace(/kernel$/, 'bias'),
      shape: [channels],
      data: () => new Float32Array(channels),
    };
    return this.weight(zero, false);
  }

  /** Borders never win: SAME skips them; elsewhere they are padded with what cannot exceed any value. */
  private maxPool(
    name: string,
    x: string,
    { size, stride, pad }: OperationOf<'maxPool'>,
    nonNegative: boolean,
  ): void {
    const same = stride === 1 && 2 * pad === size - 1;
    let input = x;
    if (pad > 0 && !same) {
      const paddings = this.ints(`${name}/paddings`, [0, 0, pad, pad, pad, pad, 0, 0], [4, 2]);
      const border = this.floats(`${name}/border`, [nonNegative ? 0 : LOWEST], []);
      input = this.add('PadV2', `${name}/padded`, [x, paddings, border], { Tpaddings: INT });
    }
    this.node(name, 'MaxPool', [input], {
      T: FLOAT,
      ksize: ints([1, size, size, 1]),
      strides: ints([1, stride, stride, 1]),
      padding: string(same && pad > 0 ? 'SAME' : 'VALID'),
      data_format: string('NHWC'),
    });
  }

  /** CropAndResize with box i cut out of batch element i, whatever the batch. */
  private cropResize(
    name: string,
    x: string,
    boxes: GraphNode | undefined,
    size: readonly [number, number],
  ): void {
    if (boxes === undefined) throw new Error(`${name} has no boxes.`);
    const flat = this.flatBoxes(boxes);
    this.node(name, 'CropAndResize', [x, flat.boxes, flat.indices, this.ints(`${name}/size`, size)], {
      T: FLOAT,
      method: string('bilinear'),
      extrapolation_value: { f: 0 },
    });
  }

  private flatBoxes(boxes: GraphNode): { boxes: string; indices: string } {
    const known = this.boxIndices.get(boxes);
    if (known !== undefined) return known;
    const name = this.names.of(boxes);
    const flat = this.add('Reshape', `${name}/flat`, [name, this.ints(`${name}/flat_shape`, [-1, 4])], {
      Tshape: INT,
    });
    // 0, 1, 2, … up to the batch: the running count of the boxes before each box.
    const column = this.add(
      'Slice',
      `${name}/column`,
      [flat, this.ints(`${name}/column_begin`, [0, 0]), this.ints(`${name}/column_size`, [-1, 1])],
      { Index: INT },
    );
    const row = this.add('Reshape', `${name}/row`, [column, this.ints(`${name}/row_shape`, [-1])], {
      Tshape: INT,
    });
    const ones = this.add('OnesLike', `${name}/ones`, [row]);
    const counts = this.add('Cumsum', `${name}/counts`, [ones, this.ints(`${name}/counts_axis`, [0], [])], {
      exclusive: { b: true },
      reverse: { b: false },
      Tidx: INT,
    });
    const indices = this.names.free(`${name}/indices`);
    this.node(indices, 'Cast', [counts], { SrcT: FLOAT, DstT: INT });
    const result = { boxes: flat, indices };
    this.boxIndices.set(boxes, result);
    return result;
  }

  /** Winning class * 256 + its probability in 255ths, rounded: one int32 a pixel to read back. */
  private pack(name: string, logits: string): void {
    const probabilities = this.add('Softmax', `${name}/probabilities`, [logits]);
    const largest = this.add(
      'Max',
      `${name}/largest`,
      [probabilities, this.ints(`${name}/largest_axis`, [-1])],
      {
        keep_dims: { b: false },
        Tidx: INT,
      },
    );
    const range = this.add('Mul', `${name}/range`, [largest, this.floats(`${name}/steps`, [255], [])]);
    const half = this.add('AddV2', `${name}/half_up`, [range, this.floats(`${name}/half`, [0.5], [])]);
    const confidence = this.names.free(`${name}/confidence`);
    this.node(confidence, 'Cast', [half], { SrcT: FLOAT, DstT: INT });
    const winner = this.names.free(`${name}/class`);
    this.node(winner, 'ArgMax', [logits, this.ints(`${name}/class_axis`, [-1], [])], {
      T: FLOAT,
      Tidx: INT,
      output_type: INT,
    });
    const high = this.names.free(`${name}/class_high`);
    this.node(high, 'Mul', [winner, this.ints(`${name}/byte`, [256], [])], { T: INT });
    this.node(name, 'AddV2', [high, confidence], { T: INT });
  }

  /** Adds an inner node of floats under a free name. @returns the name. */
  private add(
    op: string,
    wish: string,
    input: readonly string[],
    attr: Record<string, Attribute> = {},
  ): string {
    const name = this.names.free(wish);
    this.node(name, op, input, { T: FLOAT, ...attr });
    return name;
  }

  private node(name: string, op: string, input: readonly string[], attr: Record<string, Attribute>): void {
    this.nodes.push({ name, op, input, attr });
  }

  private weight(weight: Weight, large: boolean): string {
    const { name, known } = this.names.ofWeight(weight);
    if (!known) this.constant({ name, shape: weight.shape, dtype: 'float32', data: weight.data, large });
    return name;
  }

  private ints(wish: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    const name = this.names.free(wish);
    this.constant({ name, shape, dtype: 'int32', data: () => Int32Array.from(values) });
    return name;
  }

  private floats(wish: string, values: readonly number[], shape: readonly number[]): string {
    const name = this.names.free(wish);
    this.constant({ name, shape, dtype: 'float32', data: () => Float32Array.from(values), large: false });
    return name;
  }

  private constant(constant: Constant): void {
    this.constants.push(constant);
    const dim = constant.shape.map((size) => ({ size: String(size) }));
    const dtype = constant.dtype === 'int32' ? INT : FLOAT;
    // The values are in the weight shards; TF.js finds them by the node's name.
    this.node(constant.name, 'Const', [], { dtype, shape: { shape: { dim } } });
  }
}

/** Whether no value can be below zero, so that a border of zeros never wins a maximum. */
function isNonNegative(node: GraphNode | undefined): boolean {
  if (node === undefined) return false;
  const { operation, inputs } = node;
  switch (operation.kind) {
    case 'relu':
    case 'sigmoid':
      return true;
    case 'conv':
    case 'upConv':
      return operation.relu;
    case 'identity':
    case 'maxPool':
    case 'resize':
    case 'globalMean':
      return isNonNegative(inputs[0]);
    default:
      return false;
  }
}

/** A [rows, columns] matrix as [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return result;
}

function ints(values: readonly number[]): Attribute {
  return { list: { i: values.map(String) } };
}

function string(value: string): Attribute {
  return { s: base64(value) };
}

/** Protobuf's JSON form writes byte strings in base64. */
function base64(value: string): string {
  return btoa(value);
}
