/**
 * The gradient of max pooling for the wasm backend. It replaces TF.js's kernel, which compares every window
 * again for every input pixel and takes a third of a training step. The maximum of a square window is the
 * maximum over rows of the maxima within rows, so two passes of k comparisons do the work of k².
 */
import * as tf from '@tensorflow/tfjs-core';

interface Pool {
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

/**
 * @param x [n, h, w, c] input of the pooling
 * @param dy [n, h', w', c] gradient of its output
 * @param dx [n, h, w, c] is overwritten; ties go to the first pixel of the window, row by row
 */
export function maxPoolGradient(
  x: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
  [n, h, w, c]: readonly [number, number, number, number],
  [outHeight, outWidth]: readonly [number, number],
  { kernel, stride, pad }: Pool,
): void {
  dx.fill(0);
  const lineMax = new Float32Array(h * outWidth * c); // [h, w', c]
  const lineAt = new Int32Array(lineMax.length); // offset of that maximum within the image
  for (let image = 0; image < n; image++) {
    const base = image * h * w * c;
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < outWidth; column++) {
        const out = (row * outWidth + column) * c;
        const from = Math.max(0, column * stride - pad);
        const to = Math.min(w, column * stride - pad + kernel);
        for (let channel = 0; channel < c; channel++) {
          let at = (row * w + from) * c + channel;
          let best = x[base + at]!;
          for (let next = at + c, k = from + 1; k < to; k++, next += c) {
            const value = x[base + next]!;
            if (value > best) {
              best = value;
              at = next;
            }
          }
          lineMax[out + channel] = best;
          lineAt[out + channel] = at;
        }
      }
    }
    for (let row = 0; row < outHeight; row++) {
      const from = Math.max(0, row * stride - pad);
      const to = Math.min(h, row * stride - pad + kernel);
      for (let column = 0; column < outWidth; column++) {
        const out = ((image * outHeight + row) * outWidth + column) * c;
        for (let channel = 0; channel < c; channel++) {
          let line = (from * outWidth + column) * c + channel;
          let best = lineMax[line]!;
          let at = lineAt[line]!;
          for (let k = from + 1; k < to; k++) {
            line += outWidth * c;
            if (lineMax[line]! > best) {
              best = lineMax[line]!;
              at = lineAt[line]!;
            }
          }
          dx[base + at] = dx[base + at]! + dy[out + channel]!;
        }
      }
    }
  }
}

/** What a kernel of the wasm backend may use to reach its tensors. */
interface WasmHeap {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array;
}

/** Replaces the wasm backend's kernel by the gradient above. Call once, before training on wasm. */
export function registerMaxPoolGradient(): void {
  if (tf.getKernel('MaxPoolGrad', 'wasm') !== undefined) tf.unregisterKernel('MaxPoolGrad', 'wasm');
  tf.registerKernel({
    kernelName: 'MaxPoolGrad',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const heap = backend as WasmHeap;
      const { dy, input } = inputs as { dy: tf.TensorInfo; input: tf.TensorInfo };
      const { filterSize, strides, pad } = attrs as unknown as tf.MaxPoolGradAttrs;
      const dx = heap.makeOutput(input.shape, 'float32');
      const pool = { kernel: single(filterSize), stride: single(strides), pad: single(pad) };
      const shape = input.shape as [number, number, number, number];
      const outSize = [dy.shape[1]!, dy.shape[2]!] as const;
      // The views come last: an allocation may move the heap.
      const [x, gradient, out] = [input, dy, dx].map((info) => heap.typedArrayFromHeap(info));
      maxPoolGradient(x!, gradient!, out!, shape, outSize, pool);
      return dx;
    },
  });
}

/** Networks here pool only squares with symmetric padding. */
function single(value: unknown): number {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first !== 'number') throw new Error('maxPool needs a number for kernel, stride and padding.');
  return first;
}
