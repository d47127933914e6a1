/** The constants of a model's graph: kernels, biases, sizes, decoded from its weight shards on demand. */
import { decodeStored, storedBytes } from './graph/weight-shards.ts';
import type { ModelFiles } from './model-files.ts';
import type { WeightArray } from './variables.ts';

/** A constant as stored. */
export interface StoredConstant {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  /** Decodes the values at every call and keeps none: half precision and eight bits are widened to float32. */
  readonly data: () => Float32Array | Int32Array;
}

/** The constants of a model's graph by name, none decoded yet. */
export function storedConstants({ graph, shards }: ModelFiles): Map<string, StoredConstant> {
  const constants = new Map<string, StoredConstant>();
  let offset = 0;
  for (const spec of graph.weightsManifest[0]?.weights ?? []) {
    const start = offset;
    const length = storedBytes(spec);
    offset += length;
    constants.set(spec.name, {
      shape: spec.shape,
      dtype: spec.dtype,
      data: () => decodeStored(spec, bytesAt(shards, start, length)),
    });
  }
  return constants;
}

/** The first constant with a value that is no finite number; null without one. */
export function nonFiniteConstant({ graph, shards }: ModelFiles): string | null {
  let offset = 0;
  for (const spec of graph.weightsManifest[0]?.weights ?? []) {
    const { name, shape, dtype, quantization } = spec;
    const start = offset;
    offset += storedBytes(spec);
    if (dtype !== 'float32') continue;
    // Of eight bits, the scales alone can be no number.
    const floatBytes = quantization?.dtype === 'int8' ? 4 * (shape.at(-1) ?? 1) : offset - start;
    const { buffer } = bytesAt(shards, start, floatBytes);
    // All bits of the exponent: infinity or no number.
    const [values, exponent] =
      quantization?.dtype === 'float16'
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
