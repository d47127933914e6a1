/**
 * `Accumulator` with SIMD: WebAssembly compiled from resample-wasm/resample.c, with the same bytes in half the time. Where there
 * is no SIMD (browsers before 2023), and for large images, the plain loops work.
 */
import { flatLine, planColumns, planned, touched, type AxisWeights } from './axis-weights.ts';
import { Accumulator, type ImageSums } from './resample.ts';
import { resampleModule } from './resample-wasm/resample-module.ts';

/** What resample.c exports. Arrays are given by their first byte. */
interface Loops {
  readonly line: (
    to: number,
    row: number,
    offsets: number,
    weights: number,
    columns: number,
    taps: number,
  ) => void;
  readonly add: (
    sums: number,
    ring: number,
    weights: number,
    first: number,
    count: number,
    size: number,
    stride: number,
    length: number,
  ) => void;
  readonly finish: (
    sums: number,
    across: number,
    down: number,
    width: number,
    height: number,
    red: number,
    green: number,
    blue: number,
  ) => void;
}

/** Larger images are summed in plain loops, and those that need longer lines at a time: wasm's memory never shrinks. */
const mostOutputs = 512 * 512;
const mostLineBytes = 4 * 1024 * 1024;
const mostBytes = 32 * 1024 * 1024;
const pageBytes = 65536;
/** The module's stack ends before. */
const firstByte = 65536;

/** Sums of an image of `width` × `height` pixels. Call `release` at the end, whatever happens. */
export function imageSums(
  across: AxisWeights,
  down: AxisWeights,
  width: number,
  height: number,
): ImageSums & { readonly release: () => void } {
  const lineBytes = 4 * (3 * width + 1) * (down.weights.length / height);
  const simd = width * height <= mostOutputs && lineBytes <= mostLineBytes ? startSimd() : null;
  const at = simd?.take(SimdAccumulator.bytes(down, width, height)) ?? null;
  if (simd === null || at === null) {
    const sums = new Accumulator(across, down, width, height);
    return { add: sums.add.bind(sums), pixels: sums.pixels.bind(sums), release: () => undefined };
  }
  return new SimdAccumulator(simd, at, across, down, width, height);
}

let started: Simd | null | undefined;

/** The loops and their memory; null where WebAssembly has no SIMD or is forbidden. */
function startSimd(): Simd | null {
  if (started !== undefined) return started;
  try {
    const memory = new WebAssembly.Memory({ initial: firstByte / pageBytes });
    const bytes = Uint8Array.from(atob(resampleModule), (letter) => letter.charCodeAt(0));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    started = new Simd(memory, exports as unknown as Loops);
  } catch {
    started = null;
  }
  return started;
}

/** Blocks of wasm's memory, which are used again for images of the same size: as many as are read at a time. */
class Simd {
  readonly memory: WebAssembly.Memory;
  readonly loops: Loops;
  readonly #free = new Map<number, number[]>();
  #end = firstByte;
  #scratch = { at: 0, bytes: 0 };

  constructor(memory: WebAssembly.Memory, loops: Loops) {
    this.memory = memory;
    this.loops = loops;
  }

  /** First byte of an image's block; null where there is no more memory. @param bytes a multiple of 16 */
  take(bytes: number): number | null {
    const known = this.#free.get(bytes)?.pop();
    return known ?? (this.#end + bytes > mostBytes ? null : this.#append(bytes));
  }

  #append(bytes: number): number {
    const end = this.#end + bytes;
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / pageBytes);
    if (missing > 0) this.memory.grow(missing);
    this.#end = end;
    return end - bytes;
  }

  free(at: number, bytes: number): void {
    this.#free.set(bytes, [...(this.#free.get(bytes) ?? []), at]);
  }

  /** Memory that is valid until the next call. */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      const larger = aligned(2 * bytes);
      this.#scratch = { at: this.#append(larger), bytes: larger };
    }
    return this.#scratch.at;
  }
}

class SimdAccumulator implements ImageSums {
  readonly #simd: Simd;
  readonly #across: AxisWeights;
  readonly #down: AxisWeights;
  readonly #width: number;
  readonly #height: number;
  /** Sums, then the weights and covers of the axes. */
  readonly #at: number;
  readonly #weightsAt: number;
  readonly #coverAt: number;
  readonly #bytes: number;
  #released = false;

  constructor(simd: Simd, at: number, across: AxisWeights, down: AxisWeights, width: number, height: number) {
    this.#simd = simd;
    this.#across = across;
    this.#down = down;
    this.#width = width;
    this.#height = height;
    this.#at = at;
    this.#bytes = SimdAccumulator.bytes(down, width, height);
    this.#weightsAt = at + 4 * sumsLength(width, height);
    this.#coverAt = this.#weightsAt + 4 * down.weights.length;
    const { buffer } = simd.memory;
    new Float32Array(buffer, at, sumsLength(width, height)).fill(0);
    new Float32Array(buffer, this.#weightsAt, down.weights.length).set(down.weights);
    new Float32Array(buffer, this.#coverAt, width).set(across.cover);
    new Float32Array(buffer, this.#coverAt + 4 * width, height).set(down.cover);
  }

  /** Memory that an image takes. */
  static bytes(down: AxisWeights, width: number, height: number): number {
    return aligned(4 * (sumsLength(width, height) + down.weights.length + width + height));
  }

  add(
    data: Uint8ClampedArray | null,
    stride: number,
    left: number,
    top: number,
    width: number,
    height: number,
    flat: readonly [number, number, number],
  ): void {
    const columns = touched(this.#across, left, left + width);
    const rows = touched(this.#down, top, top + height);
    if (columns === null || rows === null) return;
    const [firstColumn, endColumn] = columns;
    const [firstRow, endRow] = rows;
    const outputs = endColumn - firstColumn;
    const taps = data === null ? 0 : planColumns(this.#across, firstColumn, endColumn, left, left + width);
    const { offsets, weights } = planned;
    // The part of a row that the columns read.
    const from = data === null ? 0 : offsets[0]!;
    const rowBytes = data === null ? 0 : offsets[outputs - 1]! + 4 * taps - from;
    const { start, count, first } = this.#down;
    let most = 1;
    for (let o = firstRow; o < endRow; o++) most = Math.max(most, count[o]!);
    // Lines of the tile, resampled horizontally on first use: neighbouring output rows share some. `line` writes one number more.
    const lineFloats = 3 * outputs;
    const lineStride = lineFloats + 1;
    const size = data === null ? 1 : most;
    const weightsBytes = 8 * outputs * taps;
    const offsetsBytes = aligned(4 * outputs);
    const ringBytes = aligned(4 * size * lineStride);
    const { memory, loops } = this.#simd;
    const weightsAt = this.#simd.scratch(weightsBytes + offsetsBytes + ringBytes + rowBytes);
    const offsetsAt = weightsAt + weightsBytes;
    const ringAt = offsetsAt + offsetsBytes;
    const rowAt = ringAt + ringBytes;
    const { buffer } = memory;
    const bytes = new Uint8Array(buffer);
    if (data === null) {
      const line = new Float32Array(buffer, ringAt, lineFloats);
      flatLine(line, 0, this.#across, columns, left, left + width, flat);
    } else {
      new Float64Array(buffer, weightsAt, outputs * taps).set(weights.subarray(0, outputs * taps));
      const shifted = new Int32Array(buffer, offsetsAt, outputs);
      for (let i = 0; i < outputs; i++) shifted[i] = offsets[i]! - from;
    }
    // Rows ascend, and so do the lines that they begin and end with.
    let made = 0;
    for (let o = firstRow; o < endRow; o++) {
      const begin = start[o]!;
      const low = Math.max(begin, top);
      const high = Math.min(begin + count[o]!, top + height);
      const sumsAt = this.#at + 4 * 3 * (o * this.#width + firstColumn);
      const weightAt = this.#weightsAt + 4 * (first[o]! + low - begin);
      if (data === null) {
        loops.add(sumsAt, ringAt, weightAt, 0, high - low, 1, lineFloats, lineFloats);
        continue;
      }
      for (made = Math.max(made, low); made < high; made++) {
        const at = 4 * (made - top) * stride + from;
        bytes.set(data.subarray(at, at + rowBytes), rowAt);
        loops.line(ringAt + 4 * (made % size) * lineStride, rowAt, offsetsAt, weightsAt, outputs, taps);
      }
      loops.add(sumsAt, ringAt, weightAt, low % size, high - low, size, lineStride, lineFloats);
    }
  }

  pixels([red, green, blue]: readonly [number, number, number]): Uint8ClampedArray<ArrayBuffer> {
    const [width, height] = [this.#width, this.#height];
    const { memory, loops } = this.#simd;
    loops.finish(this.#at, this.#coverAt, this.#coverAt + 4 * width, width, height, red, green, blue);
    const data = new Uint8ClampedArray(width * height * 4);
    data.set(new Uint8Array(memory.buffer, this.#at, data.length));
    this.release();
    return data;
  }

  /** Gives the memory back; also of an image that was never finished. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#simd.free(this.#at, this.#bytes);
  }
}

/** `finish` reads one number more than the sums. */
function sumsLength(width: number, height: number): number {
  return 4 * Math.ceil((3 * width * height + 1) / 4);
}

function aligned(bytes: number): number {
  return 16 * Math.ceil(bytes / 16);
}
