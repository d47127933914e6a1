/**
 * A convolution whose gradients are convolutions: TF.js's own kernels for them are missing on wasm and far too slow on cpu.
 * - gradient of the input: a convolution of dy with the kernel turned by 180° and its channels swapped;
 * - gradient of the kernel: a convolution of the input with dy as the kernel, batch and channels swapped; for
 *   1×1 kernels a matrix product whose left side is transposed beforehand.
 *
 * All maps are NHWC, padding is symmetric.
 */
import * as tf from '@tensorflow/tfjs-core';

export interface ConvCall {
  readonly kernelSize: number;
  readonly stride: number;
  readonly activation: 'linear' | 'relu';
  /** false for the first convolution, whose input is an image: its input gradient is not computed. */
  readonly inputNeedsGradient: boolean;
}

interface ConvGradients {
  /** [k, k, c, f] */
  readonly kernel: tf.Tensor4D;
  /** [f]; null without a bias. */
  readonly bias: tf.Tensor1D | null;
  /** [n, h, w, c]; null where it was not requested. */
  readonly input: tf.Tensor4D | null;
}

/**
 * @param x [n, h, w, c]
 * @param kernel [k, k, c, f]
 * @param bias [f], or null
 * @returns [n, ceil(h / stride), ceil(w / stride), f] for odd k and padding (k - 1) / 2.
 */
export function differentiableConv2d(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  bias: tf.Tensor1D | null,
  call: ConvCall,
): tf.Tensor4D {
  // Only tensors that need a gradient may be arguments of the custom gradient.
  const inputs: tf.Tensor[] = [kernel];
  if (bias !== null) inputs.push(bias);
  if (call.inputNeedsGradient) inputs.push(x);
  const run = tf.customGrad((...args: unknown[]) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    const value = forward(x, kernel, bias, call);
    save(call.activation === 'relu' ? [x, kernel, value] : [x, kernel]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [savedX, savedKernel, y = null] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D?];
      const found = gradients(savedX, savedKernel, y, dy as tf.Tensor4D, bias !== null, call);
      return [found.kernel, found.bias, found.input].filter((gradient) => gradient !== null);
    };
    return { value, gradFunc };
  });
  return run(...inputs);
}

function forward(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  bias: tf.Tensor1D | null,
  { kernelSize, stride, activation }: ConvCall,
): tf.Tensor4D {
  return tf.fused.conv2d({
    x,
    filter: kernel,
    strides: stride,
    pad: (kernelSize - 1) / 2,
    dimRoundingMode: 'floor',
    activation,
    ...(bias === null ? {} : { bias }),
  });
}

/** @param y the output of a ReLU; null where there is none */
function gradients(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  y: tf.Tensor4D | null,
  dyAfter: tf.Tensor4D,
  hasBias: boolean,
  call: ConvCall,
): ConvGradients {
  const dy = y === null ? dyAfter : tf.mul<tf.Tensor4D>(dyAfter, tf.step(y)); // [n, h', w', f]
  return {
    kernel: kernelGradient(x, dy, call),
    bias: hasBias ? tf.sum<tf.Tensor1D>(dy, [0, 1, 2]) : null,
    input: call.inputNeedsGradient ? inputGradient(x.shape, kernel, dy, call) : null,
  };
}

/** dL/dx [n, h, w, c] from dy [n, h', w', f]. */
function inputGradient(
  [n, h, w, c]: [number, number, number, number],
  kernel: tf.Tensor4D,
  dy: tf.Tensor4D,
  { kernelSize, stride }: ConvCall,
): tf.Tensor4D {
  const pad = (kernelSize - 1) / 2;
  const turned = turn(kernel); // [k, k, f, c]
  if (stride === 1) return tf.conv2d(dy, turned, 1, pad, 'NHWC', 1, 'floor');
  if (kernelSize === 1) {
    return fit(dilate(tf.conv2d(dy, turned, 1, 0, 'NHWC', 1, 'floor'), stride), [n, h, w, c]);
  }
  // A strided convolution's gradient is a stride-1 convolution of dy with zeros between its pixels.
  return tf.conv2d(fit(dilate(dy, stride), [n, h, w, dy.shape[3]]), turned, 1, pad, 'NHWC', 1, 'floor');
}

/** The kernel turned by 180° with its channels swapped: [k, k, c, f] → [k, k, f, c]. */
function turn(kernel: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose<tf.Tensor4D>(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2]);
}

/** dL/dkernel [k, k, c, f] from x [n, h, w, c] and dy [n, h', w', f]. */
function kernelGradient(x: tf.Tensor4D, dy: tf.Tensor4D, { kernelSize, stride }: ConvCall): tf.Tensor4D {
  const [n, outHeight, outWidth, f] = dy.shape;
  const c = x.shape[3];
  if (kernelSize === 1) {
    const seen = stride === 1 ? x : subsample(x, stride, outHeight, outWidth); // [n, h', w', c]
    const pixels = n * outHeight * outWidth;
    const left = tf.transpose(tf.reshape(seen, [pixels, c])); // [c, n·h'·w']
    return tf.reshape(tf.matMul(left, tf.reshape(dy, [pixels, f])), [1, 1, c, f]);
  }
  const image = tf.transpose<tf.Tensor4D>(x, [3, 1, 2, 0]); // [c, h, w, n]
  const filter = tf.transpose<tf.Tensor4D>(dy, [1, 2, 0, 3]); // [h', w', n, f]
  const pad = (kernelSize - 1) / 2;
  // Explicit padding: given a number, TF.js computes the output's width from the filter's height.
  const padding: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    [pad, pad],
    [pad, pad],
    [0, 0],
  ];
  const swapped = tf.conv2d(image, filter, 1, padding, 'NHWC', stride, 'floor'); // [c, ≥k, ≥k, f]
  const cut = tf.slice(swapped, [0, 0, 0, 0], [c, kernelSize, kernelSize, f]);
  return tf.transpose<tf.Tensor4D>(cut, [1, 2, 0, 3]);
}

/** Zeros between pixels: [n, h, w, c] → [n, h·stride, w·stride, c], value (i, j) at (i·stride, j·stride). */
function dilate(x: tf.Tensor4D, stride: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const gap = stride - 1;
  const wide = tf.pad(tf.reshape(x, [n * h, 1, w, c]), [
    [0, 0],
    [0, gap],
    [0, 0],
    [0, gap * c],
  ]); // [n·h, stride, w, stride·c]: each pixel's channels followed by zeros
  return tf.reshape(wide, [n, h * stride, w * stride, c]);
}

/** Crops or zero-pads at the bottom and right to `shape`. */
function fit(x: tf.Tensor4D, shape: [number, number, number, number]): tf.Tensor4D {
  const [n, h, w, c] = shape;
  const cut = tf.slice(x, [0, 0, 0, 0], [n, Math.min(h, x.shape[1]), Math.min(w, x.shape[2]), c]);
  const [, cutHeight, cutWidth] = cut.shape;
  if (cutHeight === h && cutWidth === w) return cut;
  return tf.pad(cut, [
    [0, 0],
    [0, h - cutHeight],
    [0, w - cutWidth],
    [0, 0],
  ]);
}

/** Every stride-th pixel: [n, h, w, c] → [n, outHeight, outWidth, c]. */
function subsample(x: tf.Tensor4D, stride: number, outHeight: number, outWidth: number): tf.Tensor4D {
  return tf.stridedSlice(
    x,
    [0, 0, 0, 0],
    [x.shape[0], (outHeight - 1) * stride + 1, (outWidth - 1) * stride + 1, x.shape[3]],
    [1, stride, stride, 1],
  ) as tf.Tensor4D;
}
