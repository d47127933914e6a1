/** Outputs of a graph on their way from the backend: class and confidence, and logits on request. */
import type { Tensor, TypedArray } from '@tensorflow/tfjs-core';
import { bytesOnDevice } from './device-bytes.ts';
import { relativeLogits } from './relative-logits.ts';
import type { SliceMaps } from './segmenter.ts';
import { valuesInPlace } from './values-in-place.ts';

export interface OutputSizes {
  /** Side of a slice in pixels. */
  readonly size: number;
  readonly slices: number;
  readonly classes: number;
}

/** Outputs that the backend has computed or will compute. Dispose exactly once. */
export class SliceOutputs {
  readonly #tensors: readonly Tensor[];
  readonly #onDevice: Tensor | null;
  readonly #packed: Tensor;
  readonly #logits: Tensor | null;
  readonly #sizes: OutputSizes;

  /**
   * @param packed int32, class * 256 + confidence per pixel; owned from here on.
   * @param logits float32, the class fastest; owned from here on.
   */
  constructor(packed: Tensor, logits: Tensor | null, sizes: OutputSizes) {
    this.#packed = packed;
    this.#logits = logits;
    this.#sizes = sizes;
    const depth = logits === null ? 0 : sizes.classes;
    this.#onDevice = bytesOnDevice(packed, logits, sizes.slices * sizes.size ** 2, depth);
    this.#tensors = [packed, logits, this.#onDevice].filter((tensor) => tensor !== null);
  }

  /** One result per slice. */
  async maps(): Promise<SliceMaps[]> {
    const packed = this.#packed;
    const logits = this.#logits;
    const sizes = this.#sizes;
    if (this.#onDevice !== null) {
      const words = await this.#onDevice.data<'int32'>();
      return splitBytes(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), sizes);
    }
    const values = valuesInPlace(packed);
    const more = logits === null ? null : valuesInPlace(logits);
    if (values !== null && (logits === null || more !== null)) return unpack(values, more, sizes);
    // Both are requested before either is awaited: one wait for the device, not two.
    const [first, second] = await Promise.all([packed.data(), logits?.data() ?? null]);
    return unpack(first, second, sizes);
  }

  dispose(): void {
    for (const tensor of this.#tensors) tensor.dispose();
  }
}

/** Bytes in the layout of `bytesOnDevice`. */
function splitBytes(bytes: Uint8Array, { size, slices, classes: depth }: OutputSizes): SliceMaps[] {
  const pixels = size * size;
  const all = slices * pixels;
  return Array.from({ length: slices }, (_value, slice) => {
    const classes = bytes.slice(slice * pixels, (slice + 1) * pixels);
    const confidence = bytes.slice(all + slice * pixels, all + (slice + 1) * pixels);
    if (bytes.length === 2 * all) return { size, classes, confidence };
    const first = 2 * all + slice * pixels * depth;
    return { size, classes, confidence, logProbabilities: bytes.slice(first, first + pixels * depth) };
  });
}

/** @param values class * 256 + confidence of the slices, one after the other. */
function unpack(
  values: TypedArray,
  logits: TypedArray | null,
  { size, slices, classes: depth }: OutputSizes,
): SliceMaps[] {
  const pixels = size * size;
  return Array.from({ length: slices }, (_value, slice) => {
    const classes = new Uint8Array(pixels);
    const confidence = new Uint8Array(pixels);
    for (let i = 0, at = slice * pixels; i < pixels; i++, at++) {
      const value = values[at]!;
      classes[i] = value >> 8;
      confidence[i] = value & 255;
    }
    if (logits === null) return { size, classes, confidence };
    const length = pixels * depth;
    const own = logits.subarray(slice * length, (slice + 1) * length) as Float32Array;
    return { size, classes, confidence, logProbabilities: relativeLogits(own, depth) };
  });
}
