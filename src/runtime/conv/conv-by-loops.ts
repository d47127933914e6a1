/**
 * Convolutions and their gradients on the wasm backend by our own loops, which read values in TF.js's memory.
 */
import * as tf from '@tensorflow/tfjs-core';
import { valuesInPlace } from '../values-in-place.ts';
import type { ConvLoops } from './conv-loops.ts';
import type { ConvGradients, ConvMath } from './conv-math.ts';

export function convByLoops(loops: ConvLoops): ConvMath {
  return {
    forward(x, kernel, bias, call) {
      const [n, h, w] = x.shape;
      const filters = kernel.shape[3];
      const lowest = call.activation === 'relu' ? 0 : -Infinity;
      const biases = bias === null ? null : valuesOf(bias);
      const y = loops.forward(valuesOf(x), x.shape, valuesOf(kernel), biases, filters, call, lowest);
      return tf.tensor4d(y, [n, Math.ceil(h / call.stride), Math.ceil(w / call.stride), filters]);
    },
    gradients(x, kernel, y, dy, hasBias, call): ConvGradients {
      const filters = dy.shape[3];
      const slope = y === null ? valuesOf(dy) : maskedByRelu(valuesOf(dy), valuesOf(y)); // [n, h', w', f]
      // TF.js's memory moves when it grows, so every value is read before the next tensor is created.
      const bias = hasBias ? sumOverPixels(slope, filters) : null; // [f]
      const input = call.inputNeedsGradient
        ? loops.inputGradient(slope, filters, valuesOf(kernel), x.shape, call).slice()
        : null;
      const weights = loops.kernelGradient(valuesOf(x), x.shape, slope, filters, call);
      return {
        kernel: tf.tensor4d(weights, kernel.shape),
        bias: bias === null ? null : tf.tensor1d(bias),
        input: input === null ? null : tf.tensor4d(input, x.shape),
      };
    },
  };
}

function valuesOf(tensor: tf.Tensor): Float32Array {
  return (valuesInPlace(tensor) as Float32Array | null) ?? tensor.dataSync<'float32'>();
}

/**
 * dy where a ReLU was active, else 0. About half are active, at random, so the processor would mispredict a
 * branch as often as not.
 */
function maskedByRelu(dy: Float32Array, y: Float32Array): Float32Array {
  const out = new Int32Array(dy.length);
  const slope = new Int32Array(dy.buffer, dy.byteOffset, dy.length);
  const value = new Int32Array(y.buffer, y.byteOffset, y.length);
  for (let i = 0; i < out.length; i++) {
    const bits = value[i]! << 1; // 0 and -0 alike
    out[i] = slope[i]! & ((bits | -bits) >> 31);
  }
  return new Float32Array(out.buffer);
}

/** [pixels, f] → [f] */
function sumOverPixels(values: Float32Array, filters: number): Float32Array {
  // Doubles: a sum over a batch's pixels has some ten thousand terms.
  const sums = new Float64Array(filters);
  for (let i = 0; i < values.length; i += filters) {
    for (let filter = 0; filter < filters; filter++) sums[filter] = sums[filter]! + values[i + filter]!;
  }
  return Float32Array.from(sums);
}
