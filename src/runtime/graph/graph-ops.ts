/** The graph interpreter: running a network with it records the network instead of computing it. */
import { BATCH_NORM_EPSILON, type ConvSpec, type Ops, type PoolSpec, type Shape4 } from '../../model/ops.ts';
import { placeChannels, placesOf } from '../../model/places.ts';
import { ModelError } from '../manifest.ts';
import type { Weights } from '../variables.ts';
import type { GraphNode, Weight } from './graph.ts';
import { graphNode, inputNode, text } from './graph-node.ts';

export class GraphOps implements Ops<GraphNode> {
  readonly #weights = new Map<string, Weight>();
  readonly #variables: Weights;

  /** @param variables trained values; only those that the network uses are read. */
  constructor(variables: Weights) {
    this.#variables = variables;
  }

  /** An input of the network under its public name, [n, height, width, channels]. */
  input(name: string, height: number, width: number, channels: number): GraphNode {
    return inputNode(name, height, width, channels);
  }

  /** class * 256 + confidence (0 to 255) of logits [n, h, w, c]; int32 [n, h, w]. */
  pack(logits: GraphNode): GraphNode {
    return graphNode({ kind: 'pack' }, [logits]);
  }

  shape(x: GraphNode): Shape4 {
    return x.shape;
  }

  conv2d(x: GraphNode, name: string, { filters, kernel, stride = 1, bias }: ConvSpec): GraphNode {
    const operation = {
      kind: 'conv',
      kernel: this.#weight(`${name}/kernel`, [kernel, kernel, x.shape[3], filters]),
      bias: bias ? this.#weight(`${name}/bias`, [filters]) : null,
      stride,
      pad: (kernel - 1) / 2,
      relu: false,
    } as const;
    return graphNode(operation, [x], name);
  }

  upConv2d(x: GraphNode, name: string, filters: number): GraphNode {
    const operation = {
      kind: 'upConv',
      kernel: this.#weight(`${name}/kernel`, [2, 2, filters, x.shape[3]]),
      bias: this.#weight(`${name}/bias`, [filters]),
      relu: false,
    } as const;
    return graphNode(operation, [x], name);
  }

  batchNorm(x: GraphNode, name: string): GraphNode {
    const c = x.shape[3];
    const gamma = this.#weight(`${name}/gamma`, [c]);
    const beta = this.#weight(`${name}/beta`, [c]);
    const mean = this.#weight(`${name}/moving_mean`, [c]);
    const variance = this.#weight(`${name}/moving_variance`, [c]);
    const scale = (): Float32Array => {
      const spread = variance.data();
      return gamma.data().map((g, i) => g / Math.sqrt((spread[i] ?? 0) + BATCH_NORM_EPSILON));
    };
    const shift = (): Float32Array => {
      const [s, m] = [scale(), mean.data()];
      return beta.data().map((b, i) => b - (m[i] ?? 0) * (s[i] ?? 0));
    };
    const operation = {
      kind: 'scaleShift',
      scale: { name: `${name}/scale`, shape: [c], data: scale },
      shift: { name: `${name}/shift`, shape: [c], data: shift },
    } as const;
    return graphNode(operation, [x], name);
  }

  relu(x: GraphNode): GraphNode {
    return graphNode({ kind: 'relu' }, [x]);
  }

  sigmoid(x: GraphNode): GraphNode {
    return graphNode({ kind: 'sigmoid' }, [x]);
  }

  add(a: GraphNode, b: GraphNode): GraphNode {
    return graphNode({ kind: 'add' }, [a, b]);
  }

  mul(a: GraphNode, b: GraphNode): GraphNode {
    return graphNode({ kind: 'mul' }, [a, b]);
  }

  concat(xs: readonly GraphNode[]): GraphNode {
    const [first] = xs;
    if (first === undefined) throw new RangeError('concat needs at least one map.');
    if (xs.length === 1) return first;
    return graphNode({ kind: 'concat' }, xs);
  }

  maxPool(x: GraphNode, { kernel, stride, pad }: PoolSpec): GraphNode {
    return graphNode({ kind: 'maxPool', size: kernel, stride, pad }, [x]);
  }

  resizeBilinear(x: GraphNode, height: number, width: number): GraphNode {
    const [, h, w] = x.shape;
    // With aligned corners, the same size means the same samples.
    if (h === height && w === width) return x;
    return graphNode({ kind: 'resize' }, [x], 'resize', [height, width]);
  }

  cropResize(x: GraphNode, boxes: GraphNode, height: number, width: number): GraphNode {
    return graphNode({ kind: 'cropResize' }, [x, boxes], 'cropResize', [height, width]);
  }

  withPlaces(x: GraphNode, extent: number): GraphNode {
    const [, h, w] = x.shape;
    const map = { name: 'places', shape: [1, h, w, placeChannels], data: () => placesOf(h, w, extent) };
    return graphNode({ kind: 'withMap', map }, [x], 'places');
  }

  attend(queries: GraphNode, keys: GraphNode, values: GraphNode): GraphNode {
    return graphNode({ kind: 'attend' }, [queries, keys, values]);
  }

  globalMean(x: GraphNode): GraphNode {
    return graphNode({ kind: 'globalMean' }, [x]);
  }

  /** Identity: an exported network never trains. */
  dropout(x: GraphNode): GraphNode {
    return x;
  }

  affine(x: GraphNode, scale: readonly number[], shift: readonly number[]): GraphNode {
    const c = x.shape[3];
    if (scale.length !== c || shift.length !== c) {
      throw new RangeError(`affine: ${c} channels, but ${scale.length} scales and ${shift.length} shifts.`);
    }
    const operation = {
      kind: 'scaleShift',
      scale: { name: 'affine/scale', shape: [c], data: () => Float32Array.from(scale) },
      shift: { name: 'affine/shift', shape: [c], data: () => Float32Array.from(shift) },
    } as const;
    return graphNode(operation, [x], 'affine');
  }

  label(x: GraphNode, name: string): GraphNode {
    if (x.label !== null) {
      const copy = graphNode({ kind: 'identity' }, [x], name);
      copy.label = name;
      return copy;
    }
    x.label = name;
    return x;
  }

  #weight(name: string, shape: readonly number[]): Weight {
    const known = this.#weights.get(name);
    if (known !== undefined && text(known.shape) === text(shape)) return known;
    const variable = this.#variables.get(name);
    if (variable === undefined) {
      throw new ModelError(
        'bad-weights',
        name,
        'The network needs this variable, but the weights lack it.',
        'Check that the weights were trained with the same preset.',
      );
    }
    const size = shape.reduce((product, side) => product * side, 1);
    if (text(variable.shape) !== text(shape) || variable.data.length !== size) {
      throw new ModelError(
        'bad-weights',
        name,
        `The variable has shape ${text(variable.shape)} and ${variable.data.length} values; the network needs ${text(shape)}.`,
        'Check that the weights were trained with the same preset and classes.',
      );
    }
    if (!variable.data.every(Number.isFinite)) {
      throw new ModelError(
        'bad-weights',
        name,
        'The variable contains values that are not finite numbers.',
        'Training has diverged: export an earlier checkpoint or lower the learning rate.',
      );
    }
    const weight: Weight = { name, shape, data: () => variable.data };
    this.#weights.set(name, weight);
    return weight;
  }
}
