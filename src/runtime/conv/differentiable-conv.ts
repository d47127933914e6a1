/**
 * A convolution with fast gradients on every backend. TF.js has no Conv2DBackpropFilter for wasm and a slow
 * Conv2DBackpropInput (DESIGN 5): there our own loops compute all three, elsewhere TF.js's forward kernels
 * do. All maps are NHWC, padding is symmetric.
 */
import * as tf from '@tensorflow/tfjs-core';
import { convByTfjs } from './conv-by-tfjs.ts';
import type { ConvCall, ConvMath } from './conv-math.ts';

let onWasm: ConvMath = convByTfjs;

/** From now on, the wasm backend computes convolutions this way. */
export function setConvMathOnWasm(math: ConvMath): void {
  onWasm = math;
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
  const math = tf.getBackend() === 'wasm' ? onWasm : convByTfjs;
  // Only tensors that need a gradient may be arguments of the custom gradient.
  const inputs: tf.Tensor[] = [kernel];
  if (bias !== null) inputs.push(bias);
  if (call.inputNeedsGradient) inputs.push(x);
  const run = tf.customGrad((...args: unknown[]) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    const value = math.forward(x, kernel, bias, call);
    save(call.activation === 'relu' ? [x, kernel, value] : [x, kernel]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [savedX, savedKernel, y = null] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D?];
      const found = math.gradients(savedX, savedKernel, y, dy as tf.Tensor4D, bias !== null, call);
      return [found.kernel, found.bias, found.input].filter((gradient) => gradient !== null);
    };
    return { value, gradFunc };
  });
  return run(...inputs);
}
