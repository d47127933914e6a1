/**
 * A convolution whose gradients are made of kernels that are fast on the wasm backend, which has no
 * Conv2DBackpropFilter and a slow Conv2DBackpropInput (DESIGN 5):
 * - gradient of the input: a convolution of dy with the kernel turned by 180° and its channels swapped;
 * - gradient of the kernel: a convolution of the input with dy as the kernel, batch and channels swapped;
 *   for 1×1 kernels a matrix product whose left side is transposed beforehand.
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
    const k = args[0] as tf.Tensor4D;
    const b = bias === null ? null : (args[1] as tf.Tensor1D);
    const y = forward(x, k, b, call);
    save(call.activation === 'relu' ? [x, k, y] : [x, k]);
    const gradFunc = (dyAny: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [savedX, savedK, savedY] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D | undefined];
      let dy = dyAny as tf.Tensor4D;
      if (savedY !== undefined) dy = tf.mul(dy, tf.step(savedY)); // [n, h', w', f]
      const gradients: tf.Tensor[] = [kernelGradient(savedX, dy, call)];
      if (bias !== null) gradients.push(tf.sum(dy, [0, 1, 2]));
      if (call.inputNeedsGradient) gradients.push(inputGradient(savedX.shape, savedK, dy, call));
      return gradients;
    };
    return { value: y, gradFunc };
  });
  return run(...inputs);
}

/** The fused forward convolution, as the exported graph runs it. */
export function forward(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  bias: tf.Tensor1D | null,
  { kernelSize, stride, activation }: Pick<ConvCall, 'kernelSize' | 'stride' | 'activation'>,
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
  if (tf.getBackend() !== 'wasm') {
    return tf.transpose<tf.Tensor4D>(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2]);
  }
  // The wasm backend's Reverse and Transpose go number by number through an index computation: together they
  // took a fifth of a training step. Its memory is ours to read, so this costs two copies.
  const [height, width, c, f] = kernel.shape;
  return tf.tensor4d(turned(kernel.dataSync<'float32'>(), height * width, c, f), [height, width, f, c]);
}

/** Side of the blocks that are transposed at a time: both sides of one fit the cache. */
const BLOCK = 16;

/** [taps, c, f] → [taps reversed, f, c]. */
export function turned(values: Float32Array, taps: number, c: number, f: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let tap = 0; tap < taps; tap++) {
    const from = tap * c * f;
    const to = (taps - 1 - tap) * c * f;
    for (let top = 0; top < c; top += BLOCK) {
      const bottom = Math.min(c, top + BLOCK);
      for (let left = 0; left < f; left += BLOCK) {
        const right = Math.min(f, left + BLOCK);
        for (let column = left; column < right; column++) {
          for (let row = top; row < bottom; row++) {
            out[to + column * c + row] = values[from + row * f + column]!;
          }
        }
      }
    }
  }
  return out;
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
  // Explicit padding: with a number TF.js computes the output's width from the filter's height.
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
