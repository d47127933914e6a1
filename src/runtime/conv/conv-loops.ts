/**
 * Convolutions for training on the processor: forward and both gradients by the two loops of loop-source.ts,
 * in their own memory. TF.js's wasm backend has fast kernels only for the forward pass; gradients built from
 * those need transposed copies and take half as long again.
 *
 * All maps are [n, h, w, channels], contiguous; padding is symmetric with (k - 1) / 2; kernels are odd.
 */
import { tileFilters, tileRows } from './loop-source.ts';
import {
  packColumns,
  packRows,
  floatBytes,
  LoopMemory,
  upTo,
  type MapShape,
  type Placed,
} from './loop-memory.ts';
import { inputGradientPhases, type Tap } from './input-gradient-phases.ts';

export interface ConvSize {
  /** k, odd: the kernel is k × k. */
  readonly kernelSize: number;
  readonly stride: number;
}

interface Loops {
  readonly convolve: (...numbers: number[]) => void;
  readonly correlate: (...numbers: number[]) => void;
}

/**
 * Pixels whose values fit the first-level cache while all pairs of channels and filters are summed over them.
 */
const pixelsPerPass = 64;
/**
 * Bytes of input that fit the second-level cache, next to the kernel, while all filters are computed over
 * them.
 */
const inputValuesPerPass = 1 << 18;

export class ConvLoops {
  readonly #memory: LoopMemory;
  readonly #loops: Loops;

  private constructor(memory: LoopMemory, loops: Loops) {
    this.#memory = memory;
    this.#loops = loops;
  }

  /** @param binary an assembled module of loop-source.ts */
  static async instantiate(binary: BufferSource): Promise<ConvLoops> {
    const numbers = new WebAssembly.Memory({ initial: 1 });
    const { instance } = await WebAssembly.instantiate(binary, { memory: { numbers } });
    return new ConvLoops(new LoopMemory(numbers), instance.exports as unknown as Loops);
  }

  /**
   * max(lowest, bias + convolution).
   * @param x [n, h, w, c]
   * @param kernel [k, k, c, f]
   * @param bias [f], or null
   * @param lowest 0 for a ReLU, -Infinity for none
   * @returns [n, ceil(h / stride), ceil(w / stride), f]; valid until the next call
   */
  forward(
    x: Float32Array,
    [n, h, w, c]: MapShape,
    kernel: Float32Array,
    bias: Float32Array | null,
    filters: number,
    { kernelSize, stride }: ConvSize,
    lowest: number,
  ): Float32Array {
    this.#memory.free = 0;
    const pad = (kernelSize - 1) / 2;
    const margins = { top: pad, left: pad, bottom: pad, right: pad };
    const input = this.#memory.place(x, [n, h, w, c], margins, c);
    const taps = square(kernelSize).map(({ row, column }, index) => ({ row, column, kernel: index }));
    const out: MapShape = [n, Math.ceil(h / stride), Math.ceil(w / stride), filters];
    const packed = this.#packKernel(kernel, taps, c, filters);
    return this.#gather(input, taps, c, packed, bias, out, stride, lowest);
  }

  /**
   * @param dy [n, ceil(h / stride), ceil(w / stride), f], gradient of the output
   * @param kernel [k, k, c, f]
   * @param shape [n, h, w, c] of the input
   * @returns gradient of the input; valid until the next call
   */
  inputGradient(
    dy: Float32Array,
    filters: number,
    kernel: Float32Array,
    [n, h, w, c]: MapShape,
    { kernelSize, stride }: ConvSize,
  ): Float32Array {
    this.#memory.free = 0;
    const [dyHeight, dyWidth] = [Math.ceil(h / stride), Math.ceil(w / stride)];
    const { phases, before, after } = inputGradientPhases(kernelSize, stride);
    const margins = { top: before, left: before, bottom: after, right: after };
    const input = this.#memory.place(dy, [n, dyHeight, dyWidth, filters], margins, filters);
    if (stride === 1) {
      const packed = this.#packTransposed(kernel, phases[0]!.taps, c, filters);
      return this.#gather(input, phases[0]!.taps, filters, packed, null, [n, h, w, c], 1, -Infinity);
    }
    const dx = new Float32Array(n * h * w * c);
    const start = this.#memory.free;
    for (const { row, column, taps } of phases) {
      if (taps.length === 0) continue; // the stride skips these pixels
      this.#memory.free = start;
      const shape: MapShape = [n, Math.ceil((h - row) / stride), Math.ceil((w - column) / stride), c];
      const packed = this.#packTransposed(kernel, taps, c, filters);
      const part = this.#gather(input, taps, filters, packed, null, shape, 1, -Infinity);
      spread(part, shape, dx, [n, h, w, c], row, column, stride);
    }
    return dx;
  }

  /**
   * @param x [n, h, w, c]
   * @param dy [n, ceil(h / stride), ceil(w / stride), f], gradient of the output
   * @returns gradient of the kernel, [k, k, c, f]
   */
  kernelGradient(
    x: Float32Array,
    [n, h, w, c]: MapShape,
    dy: Float32Array,
    filters: number,
    { kernelSize, stride }: ConvSize,
  ): Float32Array {
    this.#memory.free = 0;
    const pad = (kernelSize - 1) / 2;
    const [dyHeight, dyWidth] = [Math.ceil(h / stride), Math.ceil(w / stride)];
    const margins = { top: pad, left: pad, bottom: pad, right: pad };
    const input = this.#memory.place(x, [n, h, w, c], margins, upTo(c, tileRows));
    const none = { top: 0, left: 0, bottom: 0, right: 0 };
    const slope = this.#memory.place(dy, [n, dyHeight, dyWidth, filters], none, upTo(filters, tileFilters));
    const taps = square(kernelSize);
    const sumsRow = slope.channels * floatBytes;
    const sums = this.#memory.take(taps.length * input.channels * sumsRow);
    this.#memory.numbers.fill(0, sums / floatBytes, this.#memory.free / floatBytes);
    const inputPixel = stride * input.channels * floatBytes;
    const rowsAtATime = Math.max(1, Math.floor(pixelsPerPass / dyWidth));
    for (let image = 0; image < n; image++) {
      for (let top = 0; top < dyHeight; top += rowsAtATime) {
        const rows = Math.min(rowsAtATime, dyHeight - top);
        const slopeAt = slope.at + (image * dyHeight + top) * dyWidth * sumsRow;
        for (const [tap, { row, column }] of taps.entries()) {
          const first = (image * input.rows + top * stride + row) * input.columns + column;
          for (let channel = 0; channel < input.channels; channel += tileRows) {
            this.#loops.correlate(
              ...[input.at + (first * input.channels + channel) * floatBytes, inputPixel],
              (input.columns - dyWidth) * inputPixel,
              ...[slopeAt, sumsRow, 0],
              ...[dyWidth, rows],
              ...[sums + (tap * input.channels + channel) * sumsRow, sumsRow],
              slope.channels / tileFilters,
            );
          }
        }
      }
    }
    return this.#memory.tight(sums, taps.length, input.channels, slope.channels, c, filters);
  }

  /** Convolves a placed map by `taps`, all outputs of a row at a time. */
  #gather(
    input: Placed,
    taps: readonly Tap[],
    channels: number,
    packed: number,
    bias: Float32Array | null,
    [n, h, w, filters]: MapShape,
    stride: number,
    lowest: number,
  ): Float32Array {
    const [columns, depth] = [upTo(w, tileRows), upTo(filters, tileFilters)];
    const offsets = this.#memory.take(taps.length * floatBytes);
    const pixel = input.channels * floatBytes;
    for (const [i, { row, column }] of taps.entries()) {
      this.#memory.integers[offsets / floatBytes + i] = (row * input.columns + column) * pixel;
    }
    const biases = this.#memory.take(depth * floatBytes);
    this.#memory.numbers.fill(0, biases / floatBytes, biases / floatBytes + depth);
    if (bias !== null) this.#memory.numbers.set(bias, biases / floatBytes);
    const output = this.#memory.take(n * h * columns * depth * floatBytes);
    const kernelTile = taps.length * channels * tileFilters * floatBytes;
    const linesAtATime = Math.max(1, Math.floor(inputValuesPerPass / (stride * input.columns * pixel)));
    for (let first = 0; first < n * h; first += linesAtATime) {
      const last = Math.min(n * h, first + linesAtATime);
      for (let tile = 0; tile < depth / tileFilters; tile++) {
        for (let line = first; line < last; line++) {
          const from = Math.floor(line / h) * input.rows + (line % h) * stride;
          this.#loops.convolve(
            ...[input.at + from * input.columns * pixel, stride * pixel],
            ...[offsets, taps.length, channels],
            ...[packed + tile * kernelTile, biases + tile * tileFilters * floatBytes, lowest],
            output + (line * columns * depth + tile * tileFilters) * floatBytes,
            ...[depth * floatBytes, columns / tileRows],
          );
        }
      }
    }
    return this.#memory.tight(output, n * h, columns, depth, w, filters);
  }

  /** [k·k, c, f] → [f / 8, tap, c, 8]. @returns its offset in bytes */
  #packKernel(kernel: Float32Array, taps: readonly Tap[], c: number, filters: number): number {
    const depth = upTo(filters, tileFilters);
    const at = this.#memory.take(taps.length * c * depth * floatBytes);
    let to = at / floatBytes;
    for (let tile = 0; tile < depth; tile += tileFilters) {
      for (const tap of taps) {
        packRows(
          kernel,
          tap.kernel * c * filters + tile,
          filters,
          c,
          filters - tile,
          this.#memory.numbers,
          to,
        );
        to += c * tileFilters;
      }
    }
    return at;
  }

  /** [k·k, c, f] → [c / 8, tap, f, 8]. @returns its offset in bytes */
  #packTransposed(kernel: Float32Array, taps: readonly Tap[], c: number, filters: number): number {
    const depth = upTo(c, tileFilters);
    const at = this.#memory.take(taps.length * filters * depth * floatBytes);
    let to = at / floatBytes;
    for (let tile = 0; tile < depth; tile += tileFilters) {
      for (const tap of taps) {
        packColumns(kernel, (tap.kernel * c + tile) * filters, filters, c - tile, this.#memory.numbers, to);
        to += filters * tileFilters;
      }
    }
    return at;
  }
}

function square(side: number): { row: number; column: number }[] {
  return Array.from({ length: side * side }, (_, i) => ({ row: Math.floor(i / side), column: i % side }));
}

/** Scatters the pixels of a phase to their places. */
function spread(
  part: Float32Array,
  [n, rows, columns, c]: MapShape,
  whole: Float32Array,
  [, h, w]: MapShape,
  top: number,
  left: number,
  stride: number,
): void {
  for (let line = 0; line < n * rows; line++) {
    const y = Math.floor(line / rows) * h + (line % rows) * stride + top;
    for (let column = 0; column < columns; column++) {
      const from = (line * columns + column) * c;
      whole.set(part.subarray(from, from + c), (y * w + column * stride + left) * c);
    }
  }
}
