/**
 * Writes a recorded network as an ONNX file, for ONNX Runtime and everything else that is not TF.js. Inputs
 * and outputs are those of the TF.js graph, NHWC and under the same names; inside, maps are NCHW as ONNX's
 * operators want them.
 */
import { toFloat16 } from '../graph/float16.ts';
import { topologicalOrder, type GraphNode, type OperationOf, type Weight } from '../graph/graph.ts';
import type { RecordedNetwork } from '../graph/graph-model.ts';
import { Names } from '../graph/names.ts';
import type { WeightType } from '../graph/weight-shards.ts';
import {
  encodeModel,
  type AttributeValue,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx-messages.ts';

/** Resize by axes came with opset 18. */
export const ONNX_OPSET = 18;

export interface OnnxOptions {
  /** Storage of the kernels; the file computes in float32 either way. */
  readonly dtype: WeightType;
  readonly producer: string;
  /** Metadata properties of the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * @returns the bytes of an .onnx file with the inputs `slice`, `context` and `slice_in_context` (as far as the
 *   network has them) and the outputs `logits` (float32) and `packed` (int32).
 * @throws ModelError `bad-graph` on two equal labels; RangeError when a kernel does not fit half precision.
 */
export function toOnnx(network: RecordedNetwork, options: OnnxOptions): Uint8Array<ArrayBuffer> {
  return new OnnxWriter(network, options).write();
}

class OnnxWriter {
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers: OnnxTensor[] = [];
  private readonly order: readonly GraphNode[];
  private readonly names: Names;
  /** Name of each value's NCHW map; boxes and outputs stay as they are. */
  private readonly maps = new Map<GraphNode, string>();

  constructor(
    private readonly network: RecordedNetwork,
    private readonly options: OnnxOptions,
  ) {
    this.order = topologicalOrder([...network.inputs, ...network.outputs]);
    this.names = new Names(this.order);
  }

  write(): Uint8Array<ArrayBuffer> {
    for (const node of this.order) this.value(node);
    const { inputs, logits, packed } = this.network;
    const value = (node: GraphNode, type: OnnxValue['type'], sides: readonly number[]): OnnxValue => ({
      name: this.names.of(node),
      type,
      shape: ['batch', ...sides],
    });
    return encodeModel(
      {
        name: 'dualscope',
        nodes: this.nodes,
        initializers: this.initializers,
        inputs: inputs.map((node) => value(node, 'float32', node.shape.slice(1))),
        outputs: [
          value(logits, 'float32', logits.shape.slice(1)),
          value(packed, 'int32', packed.shape.slice(1, 3)),
        ],
      },
      { opset: ONNX_OPSET, producer: this.options.producer, metadata: this.options.metadata ?? {} },
    );
  }

  private value(node: GraphNode): void {
    const { operation, shape } = node;
    const inputs = node.inputs.map((input) => this.map(input));
    const [x = ''] = inputs;
    if (node === this.network.packed) {
      this.pack(this.names.of(node), this.names.of(this.network.logits));
      return;
    }
    if (operation.kind === 'input') {
      // Boxes are no map: they are read as they come.
      const name = this.names.of(node);
      if (node === this.network.sliceInContext) this.maps.set(node, name);
      else
        this.maps.set(node, this.add('Transpose', `${name}/nchw`, [name], { perm: { ints: [0, 3, 1, 2] } }));
      return;
    }
    // The logits' own name is that of their NHWC form.
    const isLogits = node === this.network.logits;
    const name = isLogits ? this.names.free(`${this.names.of(node)}/nchw`) : this.names.of(node);
    this.maps.set(node, name);
    switch (operation.kind) {
      case 'identity':
        this.node('Identity', name, inputs);
        break;
      case 'conv':
        this.conv(name, x, operation);
        break;
      case 'upConv':
        this.upConv(name, x, operation);
        break;
      case 'scaleShift': {
        const sides = [1, shape[3], 1, 1];
        const scaled = this.add('Mul', `${name}/scaled`, [
          x,
          this.weight(operation.scale, sides, operation.scale.data),
        ]);
        this.node('Add', name, [scaled, this.weight(operation.shift, sides, operation.shift.data)]);
        break;
      }
      case 'relu':
        this.node('Relu', name, inputs);
        break;
      case 'sigmoid':
        this.node('Sigmoid', name, inputs);
        break;
      case 'add':
        this.node('Add', name, inputs);
        break;
      case 'mul':
        this.node('Mul', name, inputs);
        break;
      case 'concat':
        this.node('Concat', name, inputs, { axis: { int: 1 } });
        break;
      case 'maxPool': {
        const { size, stride, pad } = operation;
        this.node('MaxPool', name, [x], {
          kernel_shape: { ints: [size, size] },
          strides: { ints: [stride, stride] },
          pads: { ints: [pad, pad, pad, pad] },
        });
        break;
      }
      case 'resize':
        this.node('Resize', name, [x, '', '', this.int64s(`${name}/size`, [shape[1], shape[2]])], {
          mode: { string: 'linear' },
          coordinate_transformation_mode: { string: 'align_corners' },
          axes: { ints: [2, 3] },
        });
        break;
      case 'cropResize':
        this.cropResize(name, x, inputs[1] ?? '', shape[1], shape[2]);
        break;
      case 'globalMean':
        this.node('GlobalAveragePool', name, inputs);
        break;
      case 'pack':
        throw new Error('Only the network’s own logits are packed.');
    }
    if (isLogits) this.node('Transpose', this.names.of(node), [name], { perm: { ints: [0, 2, 3, 1] } });
  }

  private conv(name: string, x: string, { kernel, bias, stride, pad, relu }: OperationOf<'conv'>): void {
    const [side = 1, , inputs = 1, outputs = 1] = kernel.shape;
    const weights = this.weight(
      kernel,
      [outputs, inputs, side, side],
      () => transposed(kernel.data(), kernel.shape, [3, 2, 0, 1]),
      true,
    );
    this.activated(name, relu, (output) =>
      this.node(
        'Conv',
        output,
        [x, weights, ...(bias === null ? [] : [this.weight(bias, bias.shape, bias.data)])],
        {
          kernel_shape: { ints: [side, side] },
          strides: { ints: [stride, stride] },
          pads: { ints: [pad, pad, pad, pad] },
        },
      ),
    );
  }

  private upConv(name: string, x: string, { kernel, bias, relu }: OperationOf<'upConv'>): void {
    const [, , outputs = 1, inputs = 1] = kernel.shape;
    const weights = this.weight(
      kernel,
      [inputs, outputs, 2, 2],
      () => transposed(kernel.data(), kernel.shape, [3, 2, 0, 1]),
      true,
    );
    this.activated(name, relu, (output) =>
      this.node('ConvTranspose', output, [x, weights, this.weight(bias, bias.shape, bias.data)], {
        kernel_shape: { ints: [2, 2] },
        strides: { ints: [2, 2] },
      }),
    );
  }

  /** ONNX has no fused ReLU; runtimes fuse it themselves. */
  private activated(name: string, relu: boolean, write: (output: string) => void): void {
    if (!relu) {
      write(name);
      return;
    }
    const linear = this.names.free(`${name}/linear`);
    write(linear);
    this.node('Relu', name, [linear]);
  }

  /**
   * Samples on a grid made of the boxes, [n, 1, 1, 4]. Equal to TensorFlow's CropAndResize inside of the map;
   * outside both give zeros, but here the last pixel fades into them.
   */
  private cropResize(name: string, x: string, boxes: string, height: number, width: number): void {
    const corners = ['y1', 'x1', 'y2', 'x2'].map((corner) => this.names.free(`${name}/${corner}`));
    const [y1 = '', x1 = '', y2 = '', x2 = ''] = corners;
    this.nodes.push({
      op: 'Split',
      inputs: [boxes],
      outputs: corners,
      attributes: { axis: { int: 3 }, num_outputs: { int: 4 } },
    });
    const y = this.line(`${name}/y`, y1, y2, [1, height, 1, 1]); // [n, h, 1, 1]
    const across = this.line(`${name}/x`, x1, x2, [1, 1, width, 1]); // [n, 1, w, 1]
    const plane = this.floats(`${name}/plane`, new Float32Array(height * width), [1, height, width, 1]);
    const wide = [across, y].map((line, index) => this.add('Add', `${name}/wide_${index}`, [line, plane]));
    const fractions = this.add('Concat', `${name}/fractions`, wide, { axis: { int: 3 } }); // [n, h, w, 2]
    const doubled = this.add('Mul', `${name}/doubled`, [
      fractions,
      this.floats(`${name}/two`, Float32Array.of(2), []),
    ]);
    const grid = this.add('Sub', `${name}/grid`, [
      doubled,
      this.floats(`${name}/one`, Float32Array.of(1), []),
    ]);
    this.node('GridSample', name, [x, grid], {
      mode: { string: 'bilinear' },
      padding_mode: { string: 'zeros' },
      align_corners: { int: 1 },
    });
  }

  /** Evenly spaced positions from `first` to `last`, both included; the middle when there is only one. */
  private line(name: string, first: string, last: string, shape: readonly number[]): string {
    const count = shape.reduce((product, side) => product * side, 1);
    const ramp = Float32Array.from({ length: count }, (_, i) => (count === 1 ? 0.5 : i / (count - 1)));
    const extent = this.add('Sub', `${name}/extent`, [last, first]);
    const offset = this.add('Mul', `${name}/offset`, [extent, this.floats(`${name}/ramp`, ramp, shape)]);
    return this.add('Add', `${name}/positions`, [first, offset]);
  }

  /** See `GraphDefWriter.pack`. `logits` is NHWC. */
  private pack(name: string, logits: string): void {
    const probabilities = this.add('Softmax', `${name}/probabilities`, [logits], { axis: { int: -1 } });
    const axes = this.int64s(`${name}/axes`, [-1]);
    const largest = this.add('ReduceMax', `${name}/largest`, [probabilities, axes], { keepdims: { int: 0 } });
    const range = this.add('Mul', `${name}/range`, [
      largest,
      this.floats(`${name}/steps`, Float32Array.of(255), []),
    ]);
    const halfUp = this.add('Add', `${name}/half_up`, [
      range,
      this.floats(`${name}/half`, Float32Array.of(0.5), []),
    ]);
    const confidence = this.add('Cast', `${name}/confidence`, [halfUp], { to: { int: 6 } });
    const winner = this.add('ArgMax', `${name}/winner`, [logits], {
      axis: { int: -1 },
      keepdims: { int: 0 },
    });
    const classes = this.add('Cast', `${name}/class`, [winner], { to: { int: 6 } });
    const byte = this.names.free(`${name}/byte`);
    this.initializers.push({ name: byte, type: 'int32', shape: [], data: bytesOf(Int32Array.of(256)) });
    const high = this.add('Mul', `${name}/class_high`, [classes, byte]);
    this.node('Add', name, [high, confidence]);
  }

  private map(node: GraphNode): string {
    return this.maps.get(node) ?? this.names.of(node);
  }

  private weight(weight: Weight, shape: readonly number[], data: () => Float32Array, large = false): string {
    const { name, known } = this.names.ofWeight(weight);
    if (known) return name;
    if (!large || this.options.dtype === 'float32') {
      this.initializers.push({ name, type: 'float32', shape, data: bytesOf(data()) });
      return name;
    }
    const stored = this.names.free(`${name}/float16`);
    this.initializers.push({ name: stored, type: 'float16', shape, data: bytesOf(toFloat16(data())) });
    this.node('Cast', name, [stored], { to: { int: 1 } });
    return name;
  }

  private floats(wish: string, values: Float32Array, shape: readonly number[]): string {
    const name = this.names.free(wish);
    this.initializers.push({ name, type: 'float32', shape, data: bytesOf(values) });
    return name;
  }

  private int64s(wish: string, values: readonly number[]): string {
    const name = this.names.free(wish);
    const data = bytesOf(BigInt64Array.from(values, BigInt));
    this.initializers.push({ name, type: 'int64', shape: [values.length], data });
    return name;
  }

  private add(
    op: string,
    wish: string,
    inputs: readonly string[],
    attributes?: Record<string, AttributeValue>,
  ): string {
    const name = this.names.free(wish);
    this.node(op, name, inputs, attributes);
    return name;
  }

  private node(
    op: string,
    output: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
  ): void {
    this.nodes.push({ op, inputs, outputs: [output], attributes });
  }
}

/** A four-dimensional tensor with its axes in another order. */
function transposed(
  values: Float32Array,
  shape: readonly number[],
  order: readonly [number, number, number, number],
): Float32Array {
  const strides = [1, 1, 1, 1];
  for (let axis = 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  const [a, b, c, d] = order.map((axis) => ({ side: shape[axis] ?? 1, stride: strides[axis] ?? 1 }));
  const result = new Float32Array(values.length);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return result;
  let to = 0;
  for (let i = 0; i < a.side; i++) {
    for (let j = 0; j < b.side; j++) {
      for (let k = 0; k < c.side; k++) {
        const row = i * a.stride + j * b.stride + k * c.stride;
        for (let l = 0; l < d.side; l++) result[to++] = values[row + l * d.stride] ?? 0;
      }
    }
  }
  return result;
}

function bytesOf(values: Float32Array | Int32Array | Uint16Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
