/**
 * The operations that networks are written in. A network is a function over `Ops<T>`; interpreters give `T` a
 * meaning: TF.js tensors (eager), nodes of an exported graph (graph, onnx) or shapes and costs (cost). All
 * feature maps are NHWC, `[batch, height, width, channels]`.
 */

export type Shape4 = readonly [batch: number, height: number, width: number, channels: number];

/** Added to a moving variance before the square root, in every interpreter. */
export const BATCH_NORM_EPSILON = 1e-5;

export interface ConvSpec {
  /** Output channels. */
  readonly filters: number;
  /** Kernel side in pixels. Padding is symmetric, (kernel - 1) / 2 on every side, whatever the stride. */
  readonly kernel: number;
  /** 1 by default. */
  readonly stride?: number;
  readonly bias: boolean;
  /**
   * Initial spread of the kernel: normal with variance 2 / fan-in (`he`, the default), 1 / fan-in (`glorot`),
   * or 0.02 / fan-in (`residual`: the last convolution of an unnormalised residual branch starts small); or
   * `zero`, for a branch that starts without any effect.
   */
  readonly init?: 'he' | 'glorot' | 'residual' | 'zero';
}

export interface PoolSpec {
  readonly kernel: number;
  readonly stride: number;
  /** Pixels of symmetric padding. */
  readonly pad: number;
}

export interface Ops<T> {
  shape(x: T): Shape4;

  /** Kernel `${name}/kernel` [k, k, in, filters], bias `${name}/bias` [filters]. */
  conv2d(x: T, name: string, spec: ConvSpec): T;
  /** 2×2 up-convolution, stride 2, with bias: kernel `${name}/kernel` [2, 2, filters, in] (U-Net). */
  upConv2d(x: T, name: string, filters: number): T;
  /** `${name}/gamma|beta` trainable, `${name}/moving_mean|moving_variance` not; each [channels]. */
  batchNorm(x: T, name: string): T;

  relu(x: T): T;
  sigmoid(x: T): T;
  /** Element-wise; the second operand may be [n, 1, 1, c] or [n, h, w, 1] (broadcast). */
  add(a: T, b: T): T;
  mul(a: T, b: T): T;
  /** Along channels. */
  concat(xs: readonly T[]): T;
  maxPool(x: T, spec: PoolSpec): T;
  /** Bilinear with aligned corners. */
  resizeBilinear(x: T, height: number, width: number): T;
  /**
   * Bilinear crop-and-resize of each batch element at its own box. `boxes` is [batch, 1, 1, 4] with y1, x1,
   * y2, x2 as fractions of the feature map (0 = its first pixel's centre, 1 = its last pixel's centre;
   * TensorFlow's CropAndResize).
   */
  cropResize(x: T, boxes: T, height: number, width: number): T;
  /**
   * Appends three channels: the places y and x of each pixel, from −extent / 2 to extent / 2, and y² + x²
   * (places.ts; coordinates as channels are known as CoordConv, Liu et al. 2018).
   */
  withPlaces(x: T, extent: number): T;
  /**
   * Every position of `queries` [n, h, w, c] gets the mean of `values` [n, h', w', d], weighted by the softmax
   * of its inner products with `keys` [n, h', w', c]: [n, h, w, d]. Without a scale of its own.
   */
  attend(queries: T, keys: T, values: T): T;
  /** Mean over height and width: [n, h, w, c] → [n, 1, 1, c]. */
  globalMean(x: T): T;
  /** Inverted dropout while training, identity otherwise. `name` seeds the mask. */
  dropout(x: T, rate: number, name: string): T;
  /** x * scale + shift per channel, constants (input normalisation). */
  affine(x: T, scale: readonly number[], shift: readonly number[]): T;
  /** Marks a value with a public name: a graph's output or cut point. Identity in other interpreters. */
  label(x: T, name: string): T;
}
