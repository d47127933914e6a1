/**
 * Writes a recorded network as an ONNX file, for ONNX Runtime and everything else that is not TF.js. Inputs
 * and outputs are those of the TF.js graph, NHWC and with the same names; inside, maps are NCHW as ONNX's
 * operators require.
 */
import { topologicalOrder, type GraphNode, type OperationOf } from '../graph/graph.ts';
import type { RecordedNetwork } from '../graph/graph-model.ts';
import type { WeightType } from '../graph/weight-shards.ts';
import { planesLast } from './kernel-layout.ts';
import { writeCropResize, bytesOf, OnnxNodes } from './onnx-nodes.ts';
import { encodeModel, type OnnxValue } from './onnx-messages.ts';

/** Opset 18 introduced Resize by axes. */
export const onnxOpset = 18;

export interface OnnxOptions {
  /** Storage of the kernels; the file computes in float32 either way. */
  readonly dtype: WeightType;
  readonly producer: string;
  /** Metadata properties of the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * @returns the bytes of an .onnx file with the inputs `slice`, `context` and `slice_in_context` (as far as
 * the network has them) and the outputs `logits` (float32) and `packed` (int32).
 * @throws ModelError `bad-graph` on two equal labels; RangeError when a kernel does not fit half precision.
 */
export function toOnnx(network: RecordedNetwork, options: OnnxOptions): Uint8Array<ArrayBuffer> {
  return new ModelWriter(network, options).write();
}

class ModelWriter {
  readonly #order: readonly GraphNode[];
  readonly #out: OnnxNodes;
  readonly #maps: MapWriter;
  readonly #network: RecordedNetwork;
  readonly #options: OnnxOptions;

  constructor(network: RecordedNetwork, options: OnnxOptions) {
    this.#network = network;
    this.#options = options;
    this.#order = topologicalOrder([...network.inputs, ...network.outputs]);
    this.#out = new OnnxNodes(this.#order, options.dtype);
    this.#maps = new MapWriter(this.#out);
  }

  write(): Uint8Array<ArrayBuffer> {
    for (const node of this.#order) this.#value(node);
    const { inputs, logits, packed } = this.#network;
    const value = (node: GraphNode, type: OnnxValue['type'], sides: readonly number[]): OnnxValue => ({
      name: this.#out.names.of(node),
      type,
      shape: ['batch', ...sides],
    });
    return encodeModel(
      {
        name: 'dualscope',
        nodes: this.#out.nodes,
        initializers: this.#out.initializers,
        inputs: inputs.map((node) => value(node, 'float32', node.shape.slice(1))),
        outputs: [
          value(logits, 'float32', logits.shape.slice(1)),
          value(packed, 'int32', packed.shape.slice(1, 3)),
        ],
      },
      { opset: onnxOpset, producer: this.#options.producer, metadata: this.#options.metadata ?? {} },
    );
  }

  #value(node: GraphNode): void {
    const name = this.#out.names.of(node);
    if (node === this.#network.packed) {
      this.#pack(name, this.#out.names.of(this.#network.logits));
    } else if (node === this.#network.sliceInContext) {
      // Boxes are not maps and keep their layout.
      this.#maps.set(node, name);
    } else if (node.operation.kind === 'input') {
      this.#maps.set(
        node,
        this.#out.add('Transpose', `${name}/nchw`, [name], { perm: { ints: [0, 3, 1, 2] } }),
      );
    } else if (node === this.#network.logits) {
      // Their own name refers to their NHWC form.
      const map = this.#maps.write(node, this.#out.names.free(`${name}/nchw`));
      this.#out.node('Transpose', name, [map], { perm: { ints: [0, 2, 3, 1] } });
    } else {
      this.#maps.write(node, name);
    }
  }

  /** See `writePack` in ../graph/graph-def.ts. `logits` is NHWC. */
  #pack(name: string, logits: string): void {
    const probabilities = this.#out.add('Softmax', `${name}/probabilities`, [logits], { axis: { int: -1 } });
    const axes = this.#out.int64s(`${name}/axes`, [-1]);
    const largest = this.#out.add('ReduceMax', `${name}/largest`, [probabilities, axes], {
      keepdims: { int: 0 },
    });
    const range = this.#out.add('Mul', `${name}/range`, [
      largest,
      this.#out.floats(`${name}/steps`, Float32Array.of(255), []),
    ]);
    const halfUp = this.#out.add('Add', `${name}/half_up`, [
      range,
      this.#out.floats(`${name}/half`, Float32Array.of(0.5), []),
    ]);
    const confidence = this.#out.add('Cast', `${name}/confidence`, [halfUp], { to: { int: 6 } });
    const winner = this.#out.add('ArgMax', `${name}/winner`, [logits], {
      axis: { int: -1 },
      keepdims: { int: 0 },
    });
    const classes = this.#out.add('Cast', `${name}/class`, [winner], { to: { int: 6 } });
    const byte = this.#out.names.free(`${name}/byte`);
    this.#out.initializers.push({ name: byte, type: 'int32', shape: [], data: bytesOf(Int32Array.of(256)) });
    const high = this.#out.add('Mul', `${name}/class_high`, [classes, byte]);
    this.#out.node('Add', name, [high, confidence]);
  }
}

/** Writes the operations of a graph on NCHW maps. */
export class MapWriter {
  readonly #out: OnnxNodes;
  readonly #maps = new Map<GraphNode, string>();

  constructor(out: OnnxNodes) {
    this.#out = out;
  }

  /** Gives a value, such as an input, the name of its NCHW map (of its boxes, for boxes). */
  set(node: GraphNode, name: string): void {
    this.#maps.set(node, name);
  }

  /** The name of a value that has been written or set. */
  of(node: GraphNode): string {
    return this.#maps.get(node) ?? this.#out.names.of(node);
  }

  /**
   * Writes a value whose inputs have been written or set.
   * @returns `name`, which becomes the name of its map.
   */
  write(node: GraphNode, name: string): string {
    const { operation, shape } = node;
    const inputs = node.inputs.map((input) => this.of(input));
    const [x = ''] = inputs;
    this.#maps.set(node, name);
    switch (operation.kind) {
      case 'identity':
        this.#out.node('Identity', name, inputs);
        break;
      case 'conv':
        this.#conv(name, x, operation);
        break;
      case 'upConv':
        this.#upConv(name, x, operation);
        break;
      case 'scaleShift': {
        const sides = [1, shape[3], 1, 1];
        const scaled = this.#out.add('Mul', `${name}/scaled`, [
          x,
          this.#out.weight(operation.scale, sides, operation.scale.data),
        ]);
        this.#out.node('Add', name, [scaled, this.#out.weight(operation.shift, sides, operation.shift.data)]);
        break;
      }
      case 'relu':
        this.#out.node('Relu', name, inputs);
        break;
      case 'sigmoid':
        this.#out.node('Sigmoid', name, inputs);
        break;
      case 'add':
        this.#out.node('Add', name, inputs);
        break;
      case 'mul':
        this.#out.node('Mul', name, inputs);
        break;
      case 'concat':
        this.#out.node('Concat', name, inputs, { axis: { int: 1 } });
        break;
      case 'maxPool': {
        const { size, stride, pad } = operation;
        this.#out.node('MaxPool', name, [x], {
          kernel_shape: { ints: [size, size] },
          strides: { ints: [stride, stride] },
          pads: { ints: [pad, pad, pad, pad] },
        });
        break;
      }
      case 'resize':
        this.#out.node('Resize', name, [x, '', '', this.#out.int64s(`${name}/size`, [shape[1], shape[2]])], {
          mode: { string: 'linear' },
          coordinate_transformation_mode: { string: 'align_corners' },
          axes: { ints: [2, 3] },
        });
        break;
      case 'cropResize':
        writeCropResize(this.#out, name, x, inputs[1] ?? '', shape[1], shape[2]);
        break;
      case 'globalMean':
        this.#out.node('GlobalAveragePool', name, inputs);
        break;
      case 'input':
      case 'pack':
        throw new Error(`The ${operation.kind} "${name}" is not an operation on maps.`);
    }
    return name;
  }

  #conv(name: string, x: string, { kernel, bias, stride, pad, relu }: OperationOf<'conv'>): void {
    const [side = 1, , inputs = 1, outputs = 1] = kernel.shape;
    const weights = this.#out.weight(
      kernel,
      [outputs, inputs, side, side],
      () => planesLast(kernel.data(), kernel.shape),
      true,
    );
    this.#activated(name, relu, (output) =>
      this.#out.node(
        'Conv',
        output,
        [x, weights, ...(bias === null ? [] : [this.#out.weight(bias, bias.shape, bias.data)])],
        {
          kernel_shape: { ints: [side, side] },
          strides: { ints: [stride, stride] },
          pads: { ints: [pad, pad, pad, pad] },
        },
      ),
    );
  }

  #upConv(name: string, x: string, { kernel, bias, relu }: OperationOf<'upConv'>): void {
    const [, , outputs = 1, inputs = 1] = kernel.shape;
    const weights = this.#out.weight(
      kernel,
      [inputs, outputs, 2, 2],
      () => planesLast(kernel.data(), kernel.shape),
      true,
    );
    this.#activated(name, relu, (output) =>
      this.#out.node('ConvTranspose', output, [x, weights, this.#out.weight(bias, bias.shape, bias.data)], {
        kernel_shape: { ints: [2, 2] },
        strides: { ints: [2, 2] },
      }),
    );
  }

  /** ONNX has no fused ReLU; runtimes do the fusing. */
  #activated(name: string, relu: boolean, write: (output: string) => void): void {
    if (!relu) {
      write(name);
      return;
    }
    const linear = this.#out.names.free(`${name}/linear`);
    write(linear);
    this.#out.node('Relu', name, [linear]);
  }
}
