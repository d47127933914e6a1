/**
 * Reads a model's TF.js graph back into the intermediate representation: the inverse of `graph-def.ts`. It recognises
 * the nodes and groups of nodes that `graph-def.ts` writes, and no others.
 */
import type { ModelFiles } from '../model-files.ts';
import type { TopologyNode } from '../node-attributes.ts';
import { isNonNegative, lowestFloat } from './graph-def.ts';
import { transposed } from './graph-def-conv.ts';
import { graphNode, inputNode } from './graph-node.ts';
import type { GraphNode, Operation, Weight } from './graph.ts';
import type { RecordedNetwork } from './graph-model.ts';
import { TopologyReader } from './topology-reader.ts';

/**
 * The network of a model's folder. Values have the names of their nodes as scopes, and those that the manifest names
 * are labelled. Weights are decoded when they are read.
 * @param file names the graph in errors.
 * @throws ModelError `bad-graph`, naming the node, when the graph has anything that this version does not write.
 */
export function readGraphDef(
  files: ModelFiles,
  file = `${files.manifest.id}/${files.manifest.graph.file}`,
): RecordedNetwork {
  return new GraphDefReader(files, file).read();
}

/** Operations that occur only as parts of a group, which the group's last node reads. */
const innerOps = new Set(['Const', 'PadV2', 'Softmax', 'Max', 'ArgMax', 'Cast', 'BatchMatMulV2']);
const boxOps = new Set(['Reshape', 'Slice', 'OnesLike', 'Cumsum']);

class GraphDefReader {
  readonly #topology: TopologyReader;
  readonly #files: ModelFiles;
  readonly #values = new Map<string, GraphNode>();

  constructor(files: ModelFiles, file: string) {
    this.#files = files;
    this.#topology = new TopologyReader(files, file);
  }

  read(): RecordedNetwork {
    const { inputs, outputs, contextFeatures } = this.#files.manifest.graph;
    for (const node of this.#topology.nodes) {
      const value = this.#value(node);
      if (value !== null) this.#values.set(node.name, value);
    }
    const slice = this.#named(inputs.slice);
    const context = inputs.context === null ? null : this.#named(inputs.context);
    const sliceInContext = inputs.sliceInContext === null ? null : this.#named(inputs.sliceInContext);
    const logits = this.#named(outputs.logits);
    const packed = this.#named(outputs.packed);
    const features = contextFeatures.map((name) => this.#named(name));
    return {
      inputs: [slice, context, sliceInContext].filter((node) => node !== null),
      outputs: [logits, packed],
      slice,
      context,
      sliceInContext,
      logits,
      packed,
      contextFeatures: features,
    };
  }

  /** The value of a node that the manifest names, under its public name. */
  #named(name: string): GraphNode {
    const value = this.#values.get(name);
    if (value === undefined) {
      const node = this.#topology.nodes.find((each) => each.name === name) ?? { name, op: 'missing' };
      throw this.#topology.unknown(node, 'the manifest names it, but it is no value of the network');
    }
    value.label = name;
    return value;
  }

  /** The value that a node computes; null for constants and nodes that are part of a later node's group. */
  #value(node: TopologyNode): GraphNode | null {
    try {
      return this.#read(node);
    } catch (error) {
      // Shapes that do not fit.
      if (error instanceof RangeError) {
        throw this.#topology.unknown(node, error.message.replace(/\.$/, ''), error);
      }
      throw error;
    }
  }

  #read(node: TopologyNode): GraphNode | null {
    const topology = this.#topology;
    const { name, op } = node;
    if (op === 'Reshape' && topology.inputOp(node, 0) === 'BatchMatMulV2') return this.#attend(node);
    if (innerOps.has(op) || boxOps.has(op)) return null;
    const x = (index = 0): GraphNode => this.#input(node, index);
    switch (op) {
      case 'Placeholder':
        return this.#placeholder(node);
      case 'Identity':
        return graphNode({ kind: 'identity' }, [x()], name);
      case 'Conv2D':
      case '_FusedConv2D':
        return graphNode(this.#conv(node), [x()], name);
      case 'DepthToSpace':
        return this.#upConv(node);
      case 'Relu':
        return graphNode({ kind: 'relu' }, [x()], name);
      case 'Sigmoid':
        return graphNode({ kind: 'sigmoid' }, [x()], name);
      case 'AddV2':
        if (topology.attributes(node).type('T') === 'DT_INT32') return this.#pack(node);
        if (topology.isConstant(node, 1)) {
          return topology.inputOp(node, 0) === 'PadV2' ? this.#withMap(node) : this.#scaleShift(node);
        }
        return graphNode({ kind: 'add' }, [x(), x(1)], name);
      case 'Mul':
        // With a constant it is part of a scale and shift, or of the packing.
        return topology.isConstant(node, 1) ? null : graphNode({ kind: 'mul' }, [x(), x(1)], name);
      case 'ConcatV2': {
        const parts = (node.input?.length ?? 0) - 1;
        topology.expectValues(node, parts, [3]);
        const inputs = Array.from({ length: parts }, (_, index) => x(index));
        return graphNode({ kind: 'concat' }, inputs, name);
      }
      case 'MaxPool':
        return this.#maxPool(node);
      case 'ResizeBilinear':
        if (
          !topology.attributes(node).flag('align_corners') ||
          topology.attributes(node).flag('half_pixel_centers')
        ) {
          throw topology.unknown(node, 'it does not align corners');
        }
        return graphNode({ kind: 'resize' }, [x()], name, this.#size(node, 1));
      case 'CropAndResize':
        return graphNode({ kind: 'cropResize' }, [x(), this.#boxes(node)], name, this.#size(node, 3));
      case 'Mean':
        topology.expectValues(node, 1, [1, 2]);
        if (!topology.attributes(node).flag('keep_dims')) {
          throw topology.unknown(node, 'it drops dimensions');
        }
        return graphNode({ kind: 'globalMean' }, [x()], name);
      default:
        throw topology.unknown(node, 'the operation is unknown');
    }
  }

  #input(node: TopologyNode, index: number): GraphNode {
    const name = this.#topology.input(node, index);
    const value = this.#values.get(name);
    if (value === undefined) throw this.#topology.unknown(node, `its input ${name} is no value before it`);
    return value;
  }

  #placeholder(node: TopologyNode): GraphNode {
    const { inputs } = this.#files.manifest.graph;
    if (![inputs.slice, inputs.context, inputs.sliceInContext].includes(node.name)) {
      throw this.#topology.unknown(node, 'the manifest does not name this input');
    }
    const [, height, width, channels, ...rest] = this.#topology.attributes(node).dimensions('shape');
    if (height === undefined || width === undefined || channels === undefined || rest.length > 0) {
      throw this.#topology.unknown(node, 'its shape is not [batch, height, width, channels]');
    }
    for (const side of [height, width, channels]) {
      if (!Number.isInteger(side) || side < 1) throw this.#topology.unknown(node, 'its size is open');
    }
    return inputNode(node.name, height, width, channels);
  }

  #conv(node: TopologyNode): Extract<Operation, { kind: 'conv' }> {
    const topology = this.#topology;
    const attributes = topology.attributes(node);
    const kernel = topology.weight(node, 1, 4);
    const [side, other] = kernel.shape;
    if (side !== other) throw topology.unknown(node, 'its kernel is not square');
    if (attributes.spatial('dilations').some((step) => step !== 1)) {
      throw topology.unknown(node, 'its kernel is dilated');
    }
    const isFused = node.op === '_FusedConv2D';
    const fused = attributes.strings('fused_ops').join();
    if (isFused && fused !== 'BiasAdd' && fused !== 'BiasAdd,Relu') {
      throw topology.unknown(node, `it is fused with ${fused === '' ? 'nothing' : fused}`);
    }
    const bias = isFused ? topology.weight(node, 2, 1) : null;
    if (bias !== null && bias.shape[0] !== kernel.shape[3]) {
      throw topology.unknown(node, 'its bias has another number of channels');
    }
    const stride = this.#square(node, 'strides');
    return { kind: 'conv', kernel, bias, stride, pad: this.#pad(node), relu: fused.endsWith('Relu') };
  }

  /** Pixels on every side, of a convolution. */
  #pad(node: TopologyNode): number {
    const padding = this.#topology.attributes(node).padding();
    if (padding === 'valid') return 0;
    const pads = padding === 'same' ? [] : padding.slice(1, 3).flat();
    const [pad] = pads;
    if (pad === undefined || pads.some((each) => each !== pad)) {
      throw this.#topology.unknown(node, 'its padding is not the same on every side');
    }
    return pad;
  }

  /** An attribute of two equal numbers. */
  #square(node: TopologyNode, attribute: string): number {
    const [height, width] = this.#topology.attributes(node).spatial(attribute);
    if (height !== width) throw this.#topology.unknown(node, `its ${attribute} differ`);
    return height;
  }

  /** A 1×1 convolution to four times the channels, then DepthToSpace: see `writeUpConv`. */
  #upConv(node: TopologyNode): GraphNode {
    const topology = this.#topology;
    if (topology.attributes(node).whole('block_size') !== 2) {
      throw topology.unknown(node, 'its blocks are not 2 × 2');
    }
    const wide = topology.inner(node, 0, '_FusedConv2D');
    const { kernel: flat, bias: tiled, stride, pad, relu } = this.#conv(wide);
    const [side, , inputs = 1, outputs = 1] = flat.shape;
    if (tiled === null || side !== 1 || stride !== 1 || pad !== 0 || outputs % 4 !== 0) {
      throw topology.unknown(node, `${wide.name} is not a 1 × 1 convolution to four times the channels`);
    }
    const channels = outputs / 4;
    const values = tiled.data();
    if (values.some((value, i) => value !== values[i % channels])) {
      throw topology.unknown(node, 'its bias differs between the four pixels');
    }
    const kernel: Weight = {
      name: flat.name,
      shape: [2, 2, channels, inputs],
      data: () => transposed(flat.data(), inputs, outputs),
    };
    const bias: Weight = { name: tiled.name, shape: [channels], data: () => tiled.data().slice(0, channels) };
    return graphNode({ kind: 'upConv', kernel, bias, relu }, [this.#input(wide, 0)], node.name);
  }

  /** Multiplication by a constant per channel, then addition of one. Null where it is part of the packing. */
  #scaleShift(node: TopologyNode): GraphNode | null {
    const topology = this.#topology;
    const scaled = topology.inner(node, 0, 'Mul');
    // Steps of the confidence: scalars, which `#pack` reads.
    if (topology.inputOp(scaled, 0) === 'Max') return null;
    const operation = {
      kind: 'scaleShift',
      scale: topology.weight(scaled, 1, 1),
      shift: topology.weight(node, 1, 1),
    } as const;
    return graphNode(operation, [this.#input(scaled, 0)], node.name);
  }

  /** See `writeWithMap`: new channels of zeros, then a map added to them alone. */
  #withMap(node: TopologyNode): GraphNode {
    const topology = this.#topology;
    const wide = topology.inner(node, 0, 'PadV2');
    const added = topology.values(wide, 1)[7] ?? 0;
    topology.expectValues(wide, 1, [0, 0, 0, 0, 0, 0, 0, added]);
    topology.expectValues(wide, 2, [0]);
    const whole = topology.weight(node, 1, 4);
    const [, height = 1, width = 1, channels = 1] = whole.shape;
    const x = this.#input(wide, 0);
    if (!(added > 0) || channels !== x.shape[3] + added) {
      throw topology.unknown(node, 'its map has another number of channels');
    }
    const values = whole.data();
    if (values.some((value, i) => i % channels < channels - added && value !== 0)) {
      throw topology.unknown(node, 'its map changes channels that it does not add');
    }
    const map: Weight = {
      name: whole.name,
      shape: [1, height, width, added],
      data: () => values.filter((_, i) => i % channels >= channels - added),
    };
    return graphNode({ kind: 'withMap', map }, [x], node.name);
  }

  /** See `writeAttend`. */
  #attend(node: TopologyNode): GraphNode {
    const topology = this.#topology;
    const product = (of: TopologyNode, index: number, isTransposed: boolean): TopologyNode => {
      const found = topology.inner(of, index, 'BatchMatMulV2');
      const attributes = topology.attributes(found);
      if (attributes.flag('adj_x') || attributes.flag('adj_y') !== isTransposed) {
        throw topology.unknown(found, 'it is no product of attention');
      }
      return found;
    };
    const rows = (of: TopologyNode, index: number): GraphNode => {
      const reshaped = topology.inner(of, index, 'Reshape');
      const x = this.#input(reshaped, 0);
      const [, h, w, c] = x.shape;
      topology.expectValues(reshaped, 1, [-1, 1, h * w, c]);
      return x;
    };
    const found = product(node, 0, false);
    const scores = product(topology.inner(found, 0, 'Softmax'), 0, true);
    const result = graphNode(
      { kind: 'attend' },
      [rows(scores, 0), rows(scores, 1), rows(found, 1)],
      node.name,
    );
    topology.expectValues(node, 1, [-1, ...result.shape.slice(1)]);
    return result;
  }

  /** See `writeMaxPool`: borders either skipped (SAME) or padded with a value that never wins. */
  #maxPool(node: TopologyNode): GraphNode {
    const topology = this.#topology;
    const size = this.#square(node, 'ksize');
    const stride = this.#square(node, 'strides');
    const padding = topology.attributes(node).padding();
    if (padding === 'same') {
      if (stride !== 1 || size % 2 === 0) throw topology.unknown(node, 'its padding depends on the size');
      return graphNode(
        { kind: 'maxPool', size, stride, pad: (size - 1) / 2 },
        [this.#input(node, 0)],
        node.name,
      );
    }
    if (padding !== 'valid') throw topology.unknown(node, 'its padding is explicit');
    if (topology.inputOp(node, 0) !== 'PadV2') {
      return graphNode({ kind: 'maxPool', size, stride, pad: 0 }, [this.#input(node, 0)], node.name);
    }
    const padded = topology.inner(node, 0, 'PadV2');
    const x = this.#input(padded, 0);
    const pad = topology.values(padded, 1)[2] ?? 0;
    topology.expectValues(padded, 1, [0, 0, pad, pad, pad, pad, 0, 0]);
    const [border] = topology.values(padded, 2);
    if (border !== lowestFloat && !(border === 0 && isNonNegative(x))) {
      throw topology.unknown(padded, `its border of ${String(border)} may win a maximum`);
    }
    return graphNode({ kind: 'maxPool', size, stride, pad }, [x], node.name);
  }

  /** Height and width from a constant. */
  #size(node: TopologyNode, index: number): [number, number] {
    const [height, width, ...rest] = this.#topology.values(node, index);
    if (height === undefined || width === undefined || rest.length > 0) {
      throw this.#topology.unknown(node, 'its size is not [height, width]');
    }
    return [height, width];
  }

  /** The input whose boxes `CropResizeWriter` flattened and counted: box i for batch element i. */
  #boxes(node: TopologyNode): GraphNode {
    const topology = this.#topology;
    const flat = topology.inner(node, 1, 'Reshape');
    topology.expectValues(flat, 1, [-1, 4]);
    const counts = topology.inner(topology.inner(node, 2, 'Cast'), 0, 'Cumsum');
    topology.expectValues(counts, 1, [0]);
    const attributes = topology.attributes(counts);
    if (!attributes.flag('exclusive') || attributes.flag('reverse')) {
      throw topology.unknown(counts, 'it does not count from 0');
    }
    const row = topology.inner(topology.inner(counts, 0, 'OnesLike'), 0, 'Reshape');
    topology.expectValues(row, 1, [-1]);
    const column = topology.inner(row, 0, 'Slice');
    topology.expectValues(column, 1, [0, 0]);
    topology.expectValues(column, 2, [-1, 1]);
    if (topology.input(column, 0) !== flat.name) {
      throw topology.unknown(node, 'its boxes and its batch indices have different origins');
    }
    const boxes = this.#input(flat, 0);
    if (boxes.operation.kind !== 'input' || boxes.shape[3] !== 4) {
      throw topology.unknown(node, 'its boxes are not an input of the network');
    }
    return boxes;
  }

  /** Class * 256 + confidence: see `writePack`. */
  #pack(node: TopologyNode): GraphNode {
    const topology = this.#topology;
    const high = topology.inner(node, 0, 'Mul');
    topology.expectValues(high, 1, [256]);
    const winner = topology.inner(high, 0, 'ArgMax');
    topology.expectValues(winner, 1, [-1]);
    const half = topology.inner(topology.inner(node, 1, 'Cast'), 0, 'AddV2');
    topology.expectValues(half, 1, [0.5]);
    const range = topology.inner(half, 0, 'Mul');
    topology.expectValues(range, 1, [255]);
    const largest = topology.inner(range, 0, 'Max');
    topology.expectValues(largest, 1, [-1]);
    const probabilities = topology.inner(largest, 0, 'Softmax');
    const logits = this.#input(winner, 0);
    if (topology.input(probabilities, 0) !== topology.input(winner, 0)) {
      throw topology.unknown(node, 'class and confidence are of different logits');
    }
    return graphNode({ kind: 'pack' }, [logits], node.name);
  }
}
