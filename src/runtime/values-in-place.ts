/** Reads a tensor's values in place, on backends that compute in this thread's memory. */
import { engine, type DataId, type Tensor } from '@tensorflow/tfjs-core';

/** The parts of TF.js's wasm backend needed to find a tensor in its memory. */
interface WasmMemory {
  readonly wasm?: { readonly HEAPU8?: Uint8Array };
  readonly dataIdMap?: { get(id: DataId): { readonly memoryOffset?: number | null } | undefined };
}

/**
 * The values of a float32 or int32 tensor without a copy: copying every slice's logits costs allocation,
 * filling and garbage collection. Use them at once, before giving the backend more work: its memory may then
 * grow and move.
 * @returns null where the values are not directly accessible; the tensor's `data` fetches them.
 */
export function valuesInPlace(tensor: Tensor): Float32Array | Int32Array | null {
  if (engine().backendName !== 'wasm') return null;
  const { wasm, dataIdMap } = engine().backend as unknown as WasmMemory;
  const heap = wasm?.HEAPU8;
  const offset = dataIdMap?.get(tensor.dataId)?.memoryOffset;
  if (heap === undefined || typeof offset !== 'number') return null;
  if (tensor.dtype === 'float32') return new Float32Array(heap.buffer, offset, tensor.size);
  return tensor.dtype === 'int32' ? new Int32Array(heap.buffer, offset, tensor.size) : null;
}
