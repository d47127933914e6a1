/**
 * Writes a recorded network as an ONNX file, for ONNX Runtime and everything else that is not TF.js. Inputs
 * and outputs are those of the TF.js graph, with the same names; inside, maps are NCHW as ONNX's operators require.
 */
import { topologicalOrder, type GraphNode } from '../graph/graph.ts';
import type { RecordedNetwork } from '../graph/graph-model.ts';
import type { WeightType } from '../manifest.ts';
import { MapWriter } from './onnx-maps.ts';
import { bytesOf, OnnxNodes } from './onnx-nodes.ts';
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
    const { logits, packed } = network;
    const outputs = options.packed === false ? [logits] : [logits, packed];
    this.#order = topologicalOrder([...network.inputs, ...outputs]);
    this.#out = new OnnxNodes(this.#order, options.dtype);
    this.#maps = new MapWriter(this.#out);
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
    const name = this.#out.names.of(node);
    if (node === this.#network.packed) {
      this.#pack(name, this.#out.names.of(this.#network.logits));
    } else if (node === this.#network.sliceInContext || (node.operation.kind === 'input' && this.#isNchw)) {
      // Boxes are not maps and keep their layout.
      this.#maps.set(node, name);
    } else if (node.operation.kind === 'input') {
      this.#maps.set(
        node,
        this.#out.add('Transpose', `${name}/nchw`, [name], { perm: { ints: [0, 3, 1, 2] } }),
      );
    } else if (node === this.#network.logits && !this.#isNchw) {
      // Their own name refers to their transposed form.
      const map = this.#maps.write(node, this.#out.names.free(`${name}/nchw`));
      this.#out.node('Transpose', name, [map], { perm: { ints: [0, 2, 3, 1] } });
    } else {
      this.#maps.write(node, name);
    }
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
}
