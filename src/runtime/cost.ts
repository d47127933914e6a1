/**
 * The cost interpreter: computes a network's shapes, parameters, multiply-accumulates and activation bytes
 * without allocating a tensor.
 */
import { placeChannels } from '../model/places.ts';
import type { ConvSpec, Ops, PoolSpec, Shape4 } from '../model/ops.ts';

export interface VariableShape {
  readonly shape: readonly number[];
  readonly trainable: boolean;
}

/** Operations on shapes. Run a network with it, then read the totals. */
export class CostOps implements Ops<Shape4> {
  /** Every variable by its name, in order of creation. */
  readonly variables = new Map<string, VariableShape>();
  /** Multiply-accumulates of convolutions, per batch as given. */
  macs = 0;
  /** Bytes of all values produced, float32. */
  activationBytes = 0;
  /** Values marked by `label`. */
  readonly labels = new Map<string, Shape4>();

  /** Trainable parameters. */
  get parameters(): number {
    return this.#count(true);
  }

  /** Batch norms' moving means and variances. */
  get movingStatistics(): number {
    return this.#count(false);
  }

  get batchNorms(): number {
    let norms = 0;
    for (const name of this.variables.keys()) if (name.endsWith('/moving_mean')) norms++;
    return norms;
  }

  /**
   * Size of a float32 checkpoint in MB (10^6 bytes): four bytes per value and, as in PyTorch's files, an
   * 8-byte counter per batch norm.
   */
  get checkpointMB(): number {
    return ((this.parameters + this.movingStatistics) * 4 + this.batchNorms * 8) / 1e6;
  }

  shape(x: Shape4): Shape4 {
    return x;
  }

  conv2d(x: Shape4, name: string, { filters, kernel, stride = 1, bias }: ConvSpec): Shape4 {
    const [n, h, w, c] = x;
    const out: Shape4 = [n, halve(h, stride), halve(w, stride), filters];
    this.#declare(`${name}/kernel`, [kernel, kernel, c, filters]);
    if (bias) this.#declare(`${name}/bias`, [filters]);
    this.macs += n * out[1] * out[2] * filters * kernel * kernel * c;
    return this.#put(out);
  }

  upConv2d([n, h, w, c]: Shape4, name: string, filters: number): Shape4 {
    this.#declare(`${name}/kernel`, [2, 2, filters, c]);
    this.#declare(`${name}/bias`, [filters]);
    this.macs += n * h * w * 4 * filters * c;
    return this.#put([n, h * 2, w * 2, filters]);
  }

  batchNorm(x: Shape4, name: string): Shape4 {
    this.#declare(`${name}/gamma`, [x[3]]);
    this.#declare(`${name}/beta`, [x[3]]);
    this.#declare(`${name}/moving_mean`, [x[3]], false);
    this.#declare(`${name}/moving_variance`, [x[3]], false);
    return this.#put(x);
  }

  relu(x: Shape4): Shape4 {
    return this.#put(x);
  }

  sigmoid(x: Shape4): Shape4 {
    return this.#put(x);
  }

  add(a: Shape4, b: Shape4): Shape4 {
    return this.#put(broadcast(a, b));
  }

  mul(a: Shape4, b: Shape4): Shape4 {
    return this.#put(broadcast(a, b));
  }

  concat(xs: readonly Shape4[]): Shape4 {
    const [first] = xs;
    if (first === undefined) throw new Error('concat needs at least one map.');
    for (const x of xs) {
      if (x[0] !== first[0] || x[1] !== first[1] || x[2] !== first[2]) {
        throw new Error(`concat of maps of different sizes: [${first.join(', ')}] and [${x.join(', ')}].`);
      }
    }
    return this.#put([first[0], first[1], first[2], xs.reduce((sum, x) => sum + x[3], 0)]);
  }

  maxPool([n, h, w, c]: Shape4, { kernel, stride, pad }: PoolSpec): Shape4 {
    const side = (size: number): number => Math.floor((size + 2 * pad - kernel) / stride) + 1;
    return this.#put([n, side(h), side(w), c]);
  }

  resizeBilinear([n, , , c]: Shape4, height: number, width: number): Shape4 {
    return this.#put([n, height, width, c]);
  }

  cropResize([n, , , c]: Shape4, boxes: Shape4, height: number, width: number): Shape4 {
    if (boxes[3] !== 4) throw new Error(`boxes must be [n, 1, 1, 4], not [${boxes.join(', ')}].`);
    return this.#put([n, height, width, c]);
  }

  withPlaces([n, h, w, c]: Shape4): Shape4 {
    return this.#put([n, h, w, c + placeChannels]);
  }

  attend([n, h, w, c]: Shape4, keys: Shape4, values: Shape4): Shape4 {
    const [, rows, columns, d] = values;
    if (keys[3] !== c || keys[1] !== rows || keys[2] !== columns) {
      throw new Error(
        `Keys [${keys.join(', ')}] fit neither ${String(c)} channels nor [${values.join(', ')}].`,
      );
    }
    this.macs += n * h * w * rows * columns * (c + d);
    this.activationBytes += 4 * n * h * w * rows * columns;
    return this.#put([n, h, w, d]);
  }

  globalMean([n, , , c]: Shape4): Shape4 {
    return this.#put([n, 1, 1, c]);
  }

  dropout(x: Shape4): Shape4 {
    return x;
  }

  affine(x: Shape4): Shape4 {
    return this.#put(x);
  }

  label(x: Shape4, name: string): Shape4 {
    this.labels.set(name, x);
    return x;
  }

  #declare(name: string, shape: readonly number[], trainable = true): void {
    if (this.variables.has(name)) throw new Error(`Variable "${name}" is declared twice.`);
    this.variables.set(name, { shape, trainable });
  }

  #put(x: Shape4): Shape4 {
    this.activationBytes += 4 * size(x);
    return x;
  }

  #count(trainable: boolean): number {
    let sum = 0;
    for (const v of this.variables.values()) if (v.trainable === trainable) sum += size(v.shape);
    return sum;
  }
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Output side of a symmetric-padding convolution. */
function halve(side: number, stride: number): number {
  return Math.floor((side - 1) / stride) + 1;
}

function broadcast(a: Shape4, b: Shape4): Shape4 {
  const side = (x: number, y: number): number => {
    if (x !== y && x !== 1 && y !== 1) {
      throw new Error(`Maps of shape [${a.join(', ')}] and [${b.join(', ')}] are incompatible.`);
    }
    return Math.max(x, y);
  };
  return [side(a[0], b[0]), side(a[1], b[1]), side(a[2], b[2]), side(a[3], b[3])];
}
