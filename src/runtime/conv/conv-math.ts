/** The parameters of a convolution, and the interface of a way to compute it. */
import type * as tf from '@tensorflow/tfjs-core';

export interface ConvCall {
  readonly kernelSize: number;
  readonly stride: number;
  readonly activation: 'linear' | 'relu';
  /** false for the first convolution, whose input is an image: its input gradient is not computed. */
  readonly inputNeedsGradient: boolean;
}

export interface ConvGradients {
  /** [k, k, c, f] */
  readonly kernel: tf.Tensor4D;
  /** [f]; null without a bias. */
  readonly bias: tf.Tensor1D | null;
  /** [n, h, w, c]; null where it was not requested. */
  readonly input: tf.Tensor4D | null;
}

/** One way to compute convolutions. x is [n, h, w, c], the kernel [k, k, c, f], y and dy [n, h', w', f]. */
export interface ConvMath {
  forward(x: tf.Tensor4D, kernel: tf.Tensor4D, bias: tf.Tensor1D | null, call: ConvCall): tf.Tensor4D;
  /** @param y the output of a ReLU; null where there is none */
  gradients(
    x: tf.Tensor4D,
    kernel: tf.Tensor4D,
    y: tf.Tensor4D | null,
    dy: tf.Tensor4D,
    hasBias: boolean,
    call: ConvCall,
  ): ConvGradients;
}
