/** Weights as TF.js stores them: one run of bytes, split into shards and described by a manifest. */
import { ModelError } from '../manifest.ts';
import { toFloat16 } from './float16.ts';
import type { Constant } from './graph-def-nodes.ts';

export type WeightType = 'float16' | 'float32';

/** An entry of TF.js's weights manifest. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly quantization?: { readonly dtype: 'float16'; readonly original_dtype: 'float32' };
}

export interface WeightShards {
  readonly specs: readonly WeightSpec[];
  /** In order; all but the last have `shardBytes`. */
  readonly shards: readonly Uint8Array<ArrayBuffer>[];
  readonly bytes: number;
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
    if (dtype === 'float32' && type === 'float16' && constant.large) {
      append(bytesOf(halved(name, constant.data())));
      specs.push({ name, shape, dtype, quantization: { dtype: 'float16', original_dtype: 'float32' } });
    } else {
      append(bytesOf(constant.data()));
      specs.push({ name, shape, dtype });
    }
  }
  if (shards.length > 0) shards[shards.length - 1] = shard.slice(0, used);
  return { specs, shards, bytes };
}

function halved(name: string, values: Float32Array): Uint16Array {
  try {
    return toFloat16(values);
  } catch (error) {
    throw new ModelError(
      'bad-weights',
      name,
      `The weights cannot be stored in half precision: ${error instanceof Error ? error.message : String(error)}`,
      'Export with float32 weights.',
      { cause: error },
    );
  }
}

/** Typed arrays are little-endian on every machine that runs this, as the format requires. */
function bytesOf(values: Float32Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
