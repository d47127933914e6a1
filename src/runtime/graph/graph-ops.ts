/** The graph interpreter: running a network with it records the network instead of computing it. */
import { BATCH_NORM_EPSILON, type ConvSpec, type Ops, type PoolSpec, type Shape4 } from '../../model/ops.ts';
import { ModelError } from '../manifest.ts';
import type { Weights } from '../variables.ts';
import type { GraphNode, Operation, Weight } from './graph.ts';

export class GraphOps implements Ops<GraphNode> {
  readonly #weights = new Map<string, Weight>();
  readonly #variables: Weights;

  /** @param variables trained values; only those that the network uses are read. */
  constructor(variables: Weights) {
    this.#variables = variables;
  }

  /** An input of the network under its public name, [n, height, width, channels]. */
  input(name: string, height: number, width: number, channels: number): GraphNode {
    return {
      operation: { kind: 'input' },
      inputs: [],
      shape: [1, height, width, channels],
      scope: name,
      label: name,
    };
  }

  /** class * 256 + confidence (0 to 255) of logits [n, h, w, c]; int32 [n, h, w]. */
  pack(logits: GraphNode): GraphNode {
    const [n, h, w] = logits.shape;
    return node({ kind: 'pack' }, [logits], [n, h, w, 1]);
  }

  shape(x: GraphNode): Shape4 {
    return x.shape;
  }

  conv2d(x: GraphNode, name: string, { filters, kernel, stride = 1, bias }: ConvSpec): GraphNode {
    const [n, h, w, c] = x.shape;
    const pad = (kernel - 1) / 2;
    const operation: Operation = {
      kind: 'conv',
      kernel: this.#weight(`${name}/kernel`, [kernel, kernel, c, filters]),
      bias: bias ? this.#weight(`${name}/bias`, [filters]) : null,
      stride,
      pad,
      relu: false,
    };
    return node(
      operation,
      [x],
      [n, windows(h, kernel, stride, pad), windows(w, kernel, stride, pad), filters],
      name,
    );
  }

  upConv2d(x: GraphNode, name: string, filters: number): GraphNode {
    const [n, h, w, c] = x.shape;
    const operation: Operation = {
      kind: 'upConv',
      kernel: this.#weight(`${name}/kernel`, [2, 2, filters, c]),
      bias: this.#weight(`${name}/bias`, [filters]),
      relu: false,
    };
    return node(operation, [x], [n, 2 * h, 2 * w, filters], name);
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
    const operation: Operation = {
      kind: 'scaleShift',
      scale: { name: `${name}/scale`, shape: [c], data: scale },
      shift: { name: `${name}/shift`, shape: [c], data: shift },
    };
    return node(operation, [x], x.shape, name);
  }

  relu(x: GraphNode): GraphNode {
    return node({ kind: 'relu' }, [x], x.shape);
  }

  sigmoid(x: GraphNode): GraphNode {
    return node({ kind: 'sigmoid' }, [x], x.shape);
  }

  add(a: GraphNode, b: GraphNode): GraphNode {
    return node({ kind: 'add' }, [a, b], broadcast('add', a.shape, b.shape));
  }

  mul(a: GraphNode, b: GraphNode): GraphNode {
    return node({ kind: 'mul' }, [a, b], broadcast('mul', a.shape, b.shape));
  }

  concat(xs: readonly GraphNode[]): GraphNode {
    const [first] = xs;
    if (first === undefined) throw new RangeError('concat needs at least one map.');
    if (xs.length === 1) return first;
    const [n, h, w] = first.shape;
    let channels = 0;
    for (const x of xs) {
      if (x.shape[1] !== h || x.shape[2] !== w) {
        throw new RangeError(`concat of maps of different sizes: ${text(first.shape)} and ${text(x.shape)}.`);
      }
      channels += x.shape[3];
    }
    return node({ kind: 'concat' }, xs, [n, h, w, channels]);
  }

  maxPool(x: GraphNode, { kernel, stride, pad }: PoolSpec): GraphNode {
    const [n, h, w, c] = x.shape;
    const shape: Shape4 = [n, windows(h, kernel, stride, pad), windows(w, kernel, stride, pad), c];
    return node({ kind: 'maxPool', size: kernel, stride, pad }, [x], shape);
  }

  resizeBilinear(x: GraphNode, height: number, width: number): GraphNode {
    const [n, h, w, c] = x.shape;
    // With aligned corners, the same size means the same samples.
    if (h === height && w === width) return x;
    return node({ kind: 'resize' }, [x], [n, height, width, c]);
  }

  cropResize(x: GraphNode, boxes: GraphNode, height: number, width: number): GraphNode {
    return node({ kind: 'cropResize' }, [x, boxes], [x.shape[0], height, width, x.shape[3]]);
  }

  globalMean(x: GraphNode): GraphNode {
    return node({ kind: 'globalMean' }, [x], [x.shape[0], 1, 1, x.shape[3]]);
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
    const operation: Operation = {
      kind: 'scaleShift',
      scale: { name: 'affine/scale', shape: [c], data: () => Float32Array.from(scale) },
      shift: { name: 'affine/shift', shape: [c], data: () => Float32Array.from(shift) },
    };
    return node(operation, [x], x.shape, 'affine');
  }

  label(x: GraphNode, name: string): GraphNode {
    if (x.label !== null) {
      const copy = node({ kind: 'identity' }, [x], x.shape, name);
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

function node(operation: Operation, inputs: readonly GraphNode[], shape: Shape4, scope?: string): GraphNode {
  if (shape.some((side) => !Number.isInteger(side) || side < 1)) {
    throw new RangeError(
      `${scope ?? operation.kind}: the input is too small; its result would be ${text(shape)}.`,
    );
  }
  return { operation, inputs, shape, scope: scope ?? operation.kind, label: null };
}

/** Positions of a window of side `size` along `length` pixels padded on both ends. */
function windows(length: number, size: number, stride: number, pad: number): number {
  return Math.floor((length + 2 * pad - size) / stride) + 1;
}

function broadcast(name: string, a: Shape4, b: Shape4): Shape4 {
  const side = (axis: 0 | 1 | 2 | 3): number => {
    if (a[axis] === b[axis] || b[axis] === 1) return a[axis];
    if (a[axis] === 1) return b[axis];
    throw new RangeError(`${name}: shapes ${text(a)} and ${text(b)} are incompatible.`);
  };
  return [side(0), side(1), side(2), side(3)];
}

function text(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
