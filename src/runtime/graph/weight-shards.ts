/**
 * Weights as TF.js stores them: one run of bytes, split into shards and described by a manifest. Kernels of eight bits
 * are an addition of this project: plain TF.js refuses them, naming their type.
 */
import { ModelError, type WeightType } from '../manifest.ts';
import { fromFloat16, toFloat16 } from './float16.ts';
import type { Constant } from './graph-def-nodes.ts';
import { fromInt8, toInt8 } from './int8.ts';

/** An entry of TF.js's weights manifest. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  /** int8: a float32 scale for each channel of the last axis, then the values; see int8.ts. */
  readonly quantization?: { readonly dtype: 'float16' | 'int8'; readonly original_dtype: 'float32' };
}

type StoredSpec = Pick<WeightSpec, 'shape' | 'dtype'> & {
  readonly quantization?: { readonly dtype: 'float16' | 'int8' } | undefined;
};

/** Bytes that a constant takes in the shards. */
export function storedBytes({ shape, dtype, quantization }: StoredSpec): number {
  const values = valuesOf(shape);
  if (dtype === 'int32' || quantization === undefined) return 4 * values;
  return quantization.dtype === 'float16' ? 2 * values : 4 * channelsOf(shape) + values;
}

/** @param bytes of the constant in the shards. @returns its values; those in half precision or eight bits widened to float32. */
export function decodeStored(
  { shape, dtype, quantization }: StoredSpec,
  { buffer }: Uint8Array<ArrayBuffer>,
): Float32Array | Int32Array {
  if (dtype === 'int32') return new Int32Array(buffer);
  if (quantization === undefined) return new Float32Array(buffer);
  if (quantization.dtype === 'float16') return fromFloat16(new Uint16Array(buffer));
  const channels = channelsOf(shape);
  return fromInt8({
    scales: new Float32Array(buffer, 0, channels),
    values: new Int8Array(buffer, 4 * channels),
  });
}

function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

function channelsOf(shape: readonly number[]): number {
  return shape.at(-1) ?? 1;
}

export interface WeightShards {
  readonly specs: readonly WeightSpec[];
  /** In order; all but the last have `shardBytes`. */
  readonly shards: readonly Uint8Array<ArrayBuffer>[];
  readonly bytes: number;
}

/** File name of a shard; `index` from 0. */
export function shardName(index: number, count: number): string {
  return `weights-${index + 1}-of-${count}.bin`;
}

/** Small enough for a browser's HTTP cache and for proxies. */
export const shardBytes = 4_000_000;

/**
 * @param type of kernels. Biases and scales stay in float32: they are few, and rounding them costs accuracy.
 * @throws ModelError `bad-weights` when a kernel does not fit half precision.
 */
export function packWeights(constants: readonly Constant[], type: WeightType): WeightShards {
  const specs: WeightSpec[] = [];
  const shards: Uint8Array<ArrayBuffer>[] = [];
  let shard = new Uint8Array(0);
  let used = 0;
  let bytes = 0;
  const append = (values: Uint8Array): void => {
    for (let offset = 0; offset < values.length;) {
      if (used === shard.length) {
        shard = new Uint8Array(shardBytes);
        shards.push(shard);
        used = 0;
      }
      const count = Math.min(values.length - offset, shard.length - used);
      shard.set(values.subarray(offset, offset + count), used);
      used += count;
      offset += count;
    }
    bytes += values.length;
  };
  for (const constant of constants) {
    const { name, shape, dtype } = constant;
    if (dtype === 'float32' && type !== 'float32' && constant.large) {
      for (const part of narrowed(name, type, constant.data(), channelsOf(shape))) append(bytesOf(part));
      specs.push({ name, shape, dtype, quantization: { dtype: type, original_dtype: 'float32' } });
    } else {
      append(bytesOf(constant.data()));
      specs.push({ name, shape, dtype });
    }
  }
  if (shards.length > 0) shards[shards.length - 1] = shard.slice(0, used);
  return { specs, shards, bytes };
}

function narrowed(
  name: string,
  type: 'float16' | 'int8',
  values: Float32Array,
  channels: number,
): (Uint16Array | Float32Array | Int8Array)[] {
  try {
    if (type === 'float16') return [toFloat16(values)];
    const stored = toInt8(values, channels);
    return [stored.scales, stored.values];
  } catch (error) {
    throw new ModelError(
      'bad-weights',
      name,
      `The weights cannot be stored as ${type}: ${error instanceof Error ? error.message : String(error)}`,
      'Export with float32 weights.',
      { cause: error },
    );
  }
}

/** Typed arrays are little-endian on every machine that runs this, as the format requires. */
function bytesOf(values: Float32Array | Int32Array | Uint16Array | Int8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
