/** The constants of a model's graph: kernels, biases, sizes, decoded from its weight shards on demand. */
import { fromFloat16 } from './graph/float16.ts';
import type { ModelFiles } from './model-files.ts';
import type { WeightArray } from './variables.ts';

/** A constant as stored. */
export interface StoredConstant {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  /** Decodes the values at every call and keeps none: half precision is widened to float32. */
  readonly data: () => Float32Array | Int32Array;
}

/** The constants of a model's graph by name, none decoded yet. */
export function storedConstants({ graph, shards }: ModelFiles): Map<string, StoredConstant> {
  const constants = new Map<string, StoredConstant>();
  let offset = 0;
  for (const { name, shape, dtype, quantization } of graph.weightsManifest[0]?.weights ?? []) {
    const isHalf = dtype === 'float32' && quantization !== undefined;
    const length = (isHalf ? 2 : 4) * shape.reduce((product, side) => product * side, 1);
    const start = offset;
    offset += length;
    constants.set(name, {
      shape,
      dtype,
      data: () => {
        const { buffer } = bytesAt(shards, start, length);
        if (isHalf) return fromFloat16(new Uint16Array(buffer));
        return dtype === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer);
      },
    });
  }
  return constants;
}

/** The first constant with a value that is no finite number; null without one. */
export function nonFiniteConstant({ graph, shards }: ModelFiles): string | null {
  let offset = 0;
  for (const { name, shape, dtype, quantization } of graph.weightsManifest[0]?.weights ?? []) {
    const isHalf = dtype === 'float32' && quantization !== undefined;
    const start = offset;
    offset += (isHalf ? 2 : 4) * shape.reduce((product, side) => product * side, 1);
    if (dtype !== 'float32') continue;
    const { buffer } = bytesAt(shards, start, offset - start);
    // All bits of the exponent: infinity or no number.
    const [values, exponent] = isHalf
      ? [new Uint16Array(buffer), 0x7c00]
      : [new Uint32Array(buffer), 0x7f800000];
    for (let i = 0; i < values.length; i++) if ((values[i]! & exponent) === exponent) return name;
  }
  return null;
}

/**
 * All constants decoded, as float32. Batch norms are folded into the kernels and biases of the convolutions
 * before them.
 */
export function constantsOf(files: ModelFiles): Map<string, WeightArray> {
  return new Map(
    [...storedConstants(files)].map(([name, { shape, data }]): [string, WeightArray] => [
      name,
      { shape, data: Float32Array.from(data()) },
    ]),
  );
}

/** A copy of `length` bytes from `start` in the shards laid end to end. A constant may span several. */
function bytesAt(shards: readonly Uint8Array[], start: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let first = 0;
  for (const shard of shards) {
    const from = Math.max(0, start - first);
    const to = Math.min(shard.length, start + length - first);
    if (from < to) bytes.set(shard.subarray(from, to), first + from - start);
    first += shard.length;
  }
  return bytes;
}
