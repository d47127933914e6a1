/** Converts pixels to network inputs. */
import { tensor4d, type Tensor4D } from '@tensorflow/tfjs-core';
import { ModelError } from './manifest.ts';
import type { InputImage } from './segmenter.ts';

export class InputTensors {
  /** Refilled for every batch: whatever is computed from it is on the backend before the next one. */
  #scratch = new Float32Array(0);
  readonly #model: string;

  /** @param model its name, for errors. */
  constructor(model: string) {
    this.#model = model;
  }

  /**
   * Images of `sizePx` × `sizePx` as float32 [images, sizePx, sizePx, 3], red, green and blue from 0 to 255.
   * Use it at once: the next call reuses its memory.
   * @param what names the images in errors.
   * @throws ModelError `bad-input` on another size.
   */
  of(images: readonly InputImage[], sizePx: number, what: string): Tensor4D {
    const length = images.length * 3 * sizePx * sizePx;
    if (this.#scratch.length !== length) this.#scratch = new Float32Array(length);
    const rgb = this.#scratch;
    let to = 0;
    for (const { width, height, data } of images) {
      if (width !== sizePx || height !== sizePx || data.length !== 4 * sizePx * sizePx) {
        throw new ModelError(
          'bad-input',
          this.#model,
          `The ${what} is ${width} × ${height} with ${data.length} bytes; the model reads ${sizePx} × ${sizePx} RGBA.`,
          'Resize it first.',
        );
      }
      for (let from = 0; from < data.length; from += 4) {
        rgb[to++] = data[from]!;
        rgb[to++] = data[from + 1]!;
        rgb[to++] = data[from + 2]!;
      }
    }
    return tensor4d(rgb, [images.length, sizePx, sizePx, 3], 'float32');
  }
}
