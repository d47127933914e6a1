/**
 * The eager interpreter: runs a network directly on TF.js tensors and variables. It is the reference for exported graphs
 * and for the training step; gradients need the umbrella package `@tensorflow/tfjs`, on the cpu backend.
 */
import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM_EPSILON, type ConvSpec, type Ops, type PoolSpec, type Shape4 } from '../model/ops.ts';
import { placeChannels, placesOf } from '../model/places.ts';
import { differentiableConv2d } from './differentiable-conv.ts';
import { batchNormByBatch, batchStatistics, differentiableCropResize } from './gradients.ts';
import {
  hashName,
  kernelInitialiser,
  mulberry32,
  type Initialiser,
  type VariableStore,
} from './variables.ts';

export interface EagerOptions {
  /**
   * How batch norm runs:
   * - `frozen`: with its moving statistics, folded into the preceding convolution (gamma and beta trainable);
   * - `reference`: with its moving statistics, unfolded, as written in the paper;
   * - `calibrate`: sets the moving statistics to those of this batch, then as `reference`;
   * - `batch`: with the batch's statistics, which the moving ones follow (training from scratch).
   */
  readonly norm: 'frozen' | 'reference' | 'calibrate' | 'batch';
  /** For `calibrate`: which moving statistics to set, by name; all when absent. */
  readonly calibrates?: (variable: string) => boolean;
  /** Seed of the dropout masks, different at every step; null outside training: no dropout. */
  readonly dropoutSeed: number | null;
}

/** A value: a tensor, or a convolution still waiting for its batch norm or ReLU to be fused. */
export class EagerMap {
  #value: tf.Tensor4D | null = null;
  readonly shape: Shape4;
  readonly #compute: () => tf.Tensor4D;
  /** false for images and values computed from images alone. */
  readonly needsGradient: boolean;
  readonly pending: PendingConv | null;

  constructor(
    shape: Shape4,
    compute: () => tf.Tensor4D,
    needsGradient: boolean,
    pending: PendingConv | null = null,
  ) {
    this.shape = shape;
    this.#compute = compute;
    this.needsGradient = needsGradient;
    this.pending = pending;
  }

  get tensor(): tf.Tensor4D {
    this.#value ??= this.#compute();
    return this.#value;
  }
}

interface PendingConv {
  readonly input: EagerMap;
  readonly kernel: tf.Tensor4D;
  readonly bias: tf.Tensor1D | null;
  readonly kernelSize: number;
  readonly stride: number;
}

/** Operations on TF.js tensors. Make one per forward pass, inside tf.tidy or a gradient function. */
export class EagerOps implements Ops<EagerMap> {
  readonly #variables: VariableStore;
  readonly #options: EagerOptions;

  constructor(variables: VariableStore, options: EagerOptions) {
    this.#variables = variables;
    this.#options = options;
  }

  /** Values marked by `label`. */
  readonly labels = new Map<string, EagerMap>();

  /** An image or other input, [n, h, w, c]; gets no gradient. */
  input(x: tf.Tensor4D): EagerMap {
    return new EagerMap(x.shape, () => x, false);
  }

  /** An input that gets a gradient (context features in split execution). */
  feature(x: tf.Tensor4D): EagerMap {
    return new EagerMap(x.shape, () => x, true);
  }

  shape(x: EagerMap): Shape4 {
    return x.shape;
  }

  conv2d(x: EagerMap, name: string, spec: ConvSpec): EagerMap {
    const { filters, kernel: kernelSize, stride = 1 } = spec;
    const [n, h, w, c] = x.shape;
    const shape = [kernelSize, kernelSize, c, filters];
    const kernel = this.#variables.get(
      `${name}/kernel`,
      shape,
      kernelInitialiser(spec, c),
    ) as unknown as tf.Tensor4D;
    const bias = spec.bias ? this.#vector(`${name}/bias`, filters, 0) : null;
    const out: Shape4 = [n, Math.floor((h - 1) / stride) + 1, Math.floor((w - 1) / stride) + 1, filters];
    return convolution(out, { input: x, kernel, bias, kernelSize, stride }, 'linear');
  }

  upConv2d(x: EagerMap, name: string, filters: number): EagerMap {
    const [n, h, w, c] = x.shape;
    const kernel = this.#variables.get(`${name}/kernel`, [2, 2, filters, c], {
      kind: 'normal',
      gain: 2,
      fanIn: c,
    });
    const bias = this.#vector(`${name}/bias`, filters, 0);
    // Stride equals the kernel, so every input pixel produces its own 2×2 block: a 1×1 convolution and a
    // shuffle.
    return this.#map([n, h * 2, w * 2, filters], () => {
      const flat = tf.reshape<tf.Rank.R4>(tf.transpose(kernel, [3, 0, 1, 2]), [1, 1, c, 4 * filters]);
      const y = differentiableConv2d(x.tensor, flat, null, {
        kernelSize: 1,
        stride: 1,
        activation: 'linear',
        inputNeedsGradient: x.needsGradient,
      }); // [n, h, w, 2·2·filters]
      const blocks = tf.transpose(tf.reshape(y, [n, h, w, 2, 2 * filters]), [0, 1, 3, 2, 4]);
      return tf.add<tf.Tensor4D>(tf.reshape(blocks, [n, h * 2, w * 2, filters]), bias);
    });
  }

  batchNorm(x: EagerMap, name: string): EagerMap {
    const channels = x.shape[3];
    const gamma = this.#vector(`${name}/gamma`, channels, 1);
    const beta = this.#vector(`${name}/beta`, channels, 0);
    const mean = this.#vector(`${name}/moving_mean`, channels, 0, false);
    const variance = this.#vector(`${name}/moving_variance`, channels, 1, false);
    if (this.#options.norm === 'calibrate' && (this.#options.calibrates?.(`${name}/moving_mean`) ?? true)) {
      const moments = tf.moments(x.tensor, [0, 1, 2]);
      mean.assign(moments.mean as tf.Tensor1D);
      variance.assign(moments.variance as tf.Tensor1D);
    }
    if (this.#options.norm === 'batch') {
      const statistics = batchStatistics(x.tensor);
      follow(mean, statistics.mean);
      follow(variance, statistics.variance);
      return this.#map(x.shape, () => batchNormByBatch(x.tensor, gamma, beta, statistics));
    }
    const { pending } = x;
    if (this.#options.norm === 'frozen' && pending !== null && pending.bias === null) {
      const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, BATCH_NORM_EPSILON))); // [c]
      const kernel = tf.mul<tf.Tensor4D>(pending.kernel, scale); // [k, k, in, c]
      const bias = tf.sub<tf.Tensor1D>(beta, tf.mul(mean, scale));
      return convolution(x.shape, { ...pending, kernel, bias }, 'linear');
    }
    return this.#map(
      x.shape,
      () => tf.batchNorm(x.tensor, mean, variance, beta, gamma, BATCH_NORM_EPSILON) as tf.Tensor4D,
    );
  }

  relu(x: EagerMap): EagerMap {
    // In every network here, a biased or normed convolution feeds only its ReLU: compute both in one kernel.
    if (x.pending !== null && x.pending.bias !== null) return convolution(x.shape, x.pending, 'relu');
    return this.#map(x.shape, () => tf.relu(x.tensor), x.needsGradient);
  }

  sigmoid(x: EagerMap): EagerMap {
    return this.#map(x.shape, () => tf.sigmoid(x.tensor), x.needsGradient);
  }

  add(a: EagerMap, b: EagerMap): EagerMap {
    return this.#map(broadcast(a.shape, b.shape), () => tf.add(a.tensor, b.tensor));
  }

  mul(a: EagerMap, b: EagerMap): EagerMap {
    return this.#map(broadcast(a.shape, b.shape), () => tf.mul(a.tensor, b.tensor));
  }

  concat(xs: readonly EagerMap[]): EagerMap {
    const [first] = xs;
    if (first === undefined) throw new Error('concat needs at least one map.');
    const channels = xs.reduce((sum, x) => sum + x.shape[3], 0);
    return this.#map([first.shape[0], first.shape[1], first.shape[2], channels], () =>
      tf.concat(
        xs.map((x) => x.tensor),
        3,
      ),
    );
  }

  maxPool(x: EagerMap, { kernel, stride, pad }: PoolSpec): EagerMap {
    const [n, h, w, c] = x.shape;
    const side = (size: number): number => Math.floor((size + 2 * pad - kernel) / stride) + 1;
    return this.#map([n, side(h), side(w), c], () => tf.maxPool(x.tensor, kernel, stride, pad, 'floor'));
  }

  resizeBilinear(x: EagerMap, height: number, width: number): EagerMap {
    const [n, , , c] = x.shape;
    return this.#map([n, height, width, c], () => tf.image.resizeBilinear(x.tensor, [height, width], true));
  }

  cropResize(x: EagerMap, boxes: EagerMap, height: number, width: number): EagerMap {
    const [n, , , c] = x.shape;
    return this.#map([n, height, width, c], () =>
      differentiableCropResize(x.tensor, tf.reshape(boxes.tensor, [n, 4]), height, width),
    );
  }

  withPlaces(x: EagerMap, extent: number): EagerMap {
    const [n, h, w, c] = x.shape;
    return this.#map([n, h, w, c + placeChannels], () => {
      const places = tf.tensor4d(placesOf(h, w, extent), [1, h, w, placeChannels]);
      return tf.concat([x.tensor, tf.tile(places, [n, 1, 1, 1])], 3);
    });
  }

  attend(queries: EagerMap, keys: EagerMap, values: EagerMap): EagerMap {
    const [n, h, w, c] = queries.shape;
    const [, rows, columns, d] = values.shape;
    return this.#map([n, h, w, d], () => {
      const scores = tf.matMul(
        tf.reshape<tf.Rank.R3>(queries.tensor, [n, h * w, c]),
        tf.reshape<tf.Rank.R3>(keys.tensor, [n, rows * columns, c]),
        false,
        true,
      ); // [n, h·w, h'·w']
      const found = tf.matMul(
        tf.softmax(scores),
        tf.reshape<tf.Rank.R3>(values.tensor, [n, rows * columns, d]),
      );
      return tf.reshape(found, [n, h, w, d]);
    });
  }

  globalMean(x: EagerMap): EagerMap {
    const [n, , , c] = x.shape;
    return this.#map([n, 1, 1, c], () => tf.mean(x.tensor, [1, 2], true));
  }

  dropout(x: EagerMap, rate: number, name: string): EagerMap {
    const { dropoutSeed } = this.#options;
    if (dropoutSeed === null) return x;
    return this.#map(x.shape, () => {
      const random = mulberry32(hashName(name) ^ dropoutSeed);
      const mask = new Float32Array(x.shape.reduce((product, side) => product * side, 1));
      for (let i = 0; i < mask.length; i++) mask[i] = random() < rate ? 0 : 1 / (1 - rate);
      return tf.mul<tf.Tensor4D>(x.tensor, tf.tensor(mask, [...x.shape]));
    });
  }

  affine(x: EagerMap, scale: readonly number[], shift: readonly number[]): EagerMap {
    return this.#map(
      x.shape,
      () => tf.add<tf.Tensor4D>(tf.mul(x.tensor, [...scale]), [...shift]),
      x.needsGradient,
    );
  }

  label(x: EagerMap, name: string): EagerMap {
    this.labels.set(name, x);
    return x;
  }

  #map(shape: Shape4, compute: () => tf.Tensor4D, needsGradient = true): EagerMap {
    return new EagerMap(shape, compute, needsGradient);
  }

  #vector(name: string, length: number, value: number, trainable = true): tf.Variable<tf.Rank.R1> {
    const init: Initialiser = { kind: 'constant', value };
    return this.#variables.get(name, [length], init, trainable) as tf.Variable<tf.Rank.R1>;
  }
}

/** How much of a moving statistic remains at each step. */
const movingAverage = 0.95;

function follow(moving: tf.Variable<tf.Rank.R1>, now: tf.Tensor1D): void {
  moving.assign(tf.add(tf.mul(moving, movingAverage), tf.mul(now, 1 - movingAverage)));
}

function convolution(shape: Shape4, conv: PendingConv, activation: 'linear' | 'relu'): EagerMap {
  const compute = (): tf.Tensor4D =>
    differentiableConv2d(conv.input.tensor, conv.kernel, conv.bias, {
      kernelSize: conv.kernelSize,
      stride: conv.stride,
      activation,
      inputNeedsGradient: conv.input.needsGradient,
    });
  return new EagerMap(shape, compute, true, activation === 'linear' ? conv : null);
}

function broadcast(a: Shape4, b: Shape4): Shape4 {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}
