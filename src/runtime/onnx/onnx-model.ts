/**
 * Writes a recorded network as an ONNX file, for ONNX Runtime and everything else that is not TF.js. Inputs
 * and outputs are those of the TF.js graph, with the same names; inside, maps are NCHW as ONNX's operators require.
 */
import { topologicalOrder, type GraphNode, type OperationOf } from '../graph/graph.ts';
import type { RecordedNetwork } from '../graph/graph-model.ts';
import type { WeightType } from '../graph/weight-shards.ts';
import { writeCropResize, bytesOf, OnnxNodes } from './onnx-nodes.ts';
import { encodeModel, type OnnxValue } from './onnx-messages.ts';

/** Versions of ONNX's operators that can be written. */
export const onnxOpsets = [17, 18] as const;
export type OnnxOpset = (typeof onnxOpsets)[number];

/** What is written unless the caller asks for another. */
export const onnxOpset: OnnxOpset = 18;

/** Order of the axes of images and logits. */
export type OnnxLayout = 'nhwc' | 'nchw';

export interface OnnxOptions {
  /** Storage of the kernels; the file computes in float32 either way. */
  readonly dtype: WeightType;
  readonly producer: string;
  /** `onnxOpset` by default. */
  readonly opset?: OnnxOpset;
  /** Of the image inputs and the logits. `nhwc`, as in the TF.js graph, by default. */
  readonly layout?: OnnxLayout;
  /** Writes the output `packed` too. True by default. */
  readonly packed?: boolean;
  /** Metadata properties of the file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What the file is, for people. */
  readonly doc?: string;
  /** What inputs and outputs are, for people, by name. */
  readonly docs?: Readonly<Record<string, string>>;
}

/**
 * @returns the bytes of an .onnx file with the inputs `slice`, `context` and `slice_in_context` (as far as
 * the network has them) and the outputs `logits` (float32) and `packed` (int32).
 * @throws ModelError `bad-graph` on two equal labels; RangeError when a kernel does not fit half precision.
 */
export function toOnnx(network: RecordedNetwork, options: OnnxOptions): Uint8Array<ArrayBuffer> {
  return new OnnxWriter(network, options).write();
}

class OnnxWriter {
  readonly #order: readonly GraphNode[];
  readonly #out: OnnxNodes;
  /** Name of each value's NCHW map; boxes and outputs keep their layout. */
  readonly #maps = new Map<GraphNode, string>();
  readonly #network: RecordedNetwork;
  readonly #options: OnnxOptions;

  constructor(network: RecordedNetwork, options: OnnxOptions) {
    this.#network = network;
    this.#options = options;
    const { logits, packed } = network;
    const outputs = options.packed === false ? [logits] : [logits, packed];
    this.#order = topologicalOrder([...network.inputs, ...outputs]);
    this.#out = new OnnxNodes(this.#order, options.dtype);
  }

  write(): Uint8Array<ArrayBuffer> {
    for (const node of this.#order) this.#value(node);
    const { inputs, logits, packed, sliceInContext } = this.#network;
    const { opset = onnxOpset, producer, metadata = {}, doc = '', docs = {} } = this.#options;
    const value = (node: GraphNode, type: OnnxValue['type'], sides: readonly number[]): OnnxValue => {
      const name = this.#out.names.of(node);
      return {
        name,
        type,
        shape: ['batch', ...sides],
        ...(docs[name] === undefined ? {} : { doc: docs[name] }),
      };
    };
    const map = (node: GraphNode): OnnxValue => {
      const [, height, width, channels] = node.shape;
      const isNchw = this.#isNchw && node !== sliceInContext;
      return value(node, 'float32', isNchw ? [channels, height, width] : [height, width, channels]);
    };
    return encodeModel(
      {
        name: 'dualscope',
        nodes: this.#out.nodes,
        initializers: this.#out.initializers,
        inputs: inputs.map(map),
        outputs: [
          map(logits),
          ...(this.#options.packed === false ? [] : [value(packed, 'int32', packed.shape.slice(1, 3))]),
        ],
      },
      { opset, producer, metadata, doc },
    );
  }

  get #isNchw(): boolean {
    return this.#options.layout === 'nchw';
  }

  #value(node: GraphNode): void {
    const { operation, shape } = node;
    const inputs = node.inputs.map((input) => this.#map(input));
    const [x = ''] = inputs;
    if (node === this.#network.packed) {
      this.#pack(this.#out.names.of(node), this.#out.names.of(this.#network.logits));
      return;
    }
    if (operation.kind === 'input') {
      // Boxes are not maps and keep their layout.
      const name = this.#out.names.of(node);
      if (this.#isNchw || node === this.#network.sliceInContext) this.#maps.set(node, name);
      else
        this.#maps.set(
          node,
          this.#out.add('Transpose', `${name}/nchw`, [name], { perm: { ints: [0, 3, 1, 2] } }),
        );
      return;
    }
    // In NHWC, the logits' own name refers to their transposed form.
    const isTransposed = !this.#isNchw && node === this.#network.logits;
    const name = isTransposed
      ? this.#out.names.free(`${this.#out.names.of(node)}/nchw`)
      : this.#out.names.of(node);
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
      case 'resize': {
        const [, height = 1, width = 1] = node.inputs[0]?.shape ?? [];
        // Sizes would have to include the open batch before opset 18.
        const scales = Float32Array.of(1, 1, scaleTo(shape[1], height), scaleTo(shape[2], width));
        this.#out.node('Resize', name, [x, '', this.#out.floats(`${name}/scales`, scales, [4])], {
          mode: { string: 'linear' },
          coordinate_transformation_mode: { string: 'align_corners' },
        });
        break;
      }
      case 'cropResize':
        writeCropResize(this.#out, name, x, inputs[1] ?? '', shape[1], shape[2]);
        break;
      case 'globalMean':
        this.#out.node('GlobalAveragePool', name, inputs);
        break;
      case 'pack':
        throw new Error('Only the network’s own logits can be packed.');
    }
    if (isTransposed)
      this.#out.node('Transpose', this.#out.names.of(node), [name], { perm: { ints: [0, 2, 3, 1] } });
  }

  #conv(name: string, x: string, { kernel, bias, stride, pad, relu }: OperationOf<'conv'>): void {
    const [side = 1, , inputs = 1, outputs = 1] = kernel.shape;
    const weights = this.#out.weight(
      kernel,
      [outputs, inputs, side, side],
      () => transposed(kernel.data(), kernel.shape, [3, 2, 0, 1]),
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
      () => transposed(kernel.data(), kernel.shape, [3, 2, 0, 1]),
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

  /** See `writePack` in ../graph/graph-def.ts. */
  #pack(name: string, logits: string): void {
    const axis = this.#isNchw ? 1 : -1;
    const probabilities = this.#out.add('Softmax', `${name}/probabilities`, [logits], {
      axis: { int: axis },
    });
    // Opset 18 moved the axes from the attributes to the inputs.
    const isInput = (this.#options.opset ?? onnxOpset) >= 18;
    const largest = this.#out.add(
      'ReduceMax',
      `${name}/largest`,
      isInput ? [probabilities, this.#out.int64s(`${name}/axes`, [axis])] : [probabilities],
      { keepdims: { int: 0 }, ...(isInput ? {} : { axes: { ints: [axis] } }) },
    );
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
      axis: { int: axis },
      keepdims: { int: 0 },
    });
    const classes = this.#out.add('Cast', `${name}/class`, [winner], { to: { int: 6 } });
    const byte = this.#out.names.free(`${name}/byte`);
    this.#out.initializers.push({ name: byte, type: 'int32', shape: [], data: bytesOf(Int32Array.of(256)) });
    const high = this.#out.add('Mul', `${name}/class_high`, [classes, byte]);
    this.#out.node('Add', name, [high, confidence]);
  }

  #map(node: GraphNode): string {
    return this.#maps.get(node) ?? this.#out.names.of(node);
  }
}

/** The scale, as a float32, whose product with `from` rounds down to `to`. */
function scaleTo(to: number, from: number): number {
  const scale = Math.fround(to / from);
  return from * scale >= to ? scale : Math.fround(scale * (1 + 2 ** -23));
}

/** A four-dimensional tensor with permuted axes. */
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
