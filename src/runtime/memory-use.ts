/** Memory in use now. */
import { memory } from '@tensorflow/tfjs-core';

/** Bytes, as far as the platform tells. */
export interface MemoryUse {
  /** JavaScript heap of this thread; null where the platform does not tell. */
  readonly heapBytes: number | null;
  /** Tensors, weights included. */
  readonly tensorBytes: number;
}

interface HeapTellers {
  /** Chromium's. */
  readonly performance?: { readonly memory?: { readonly usedJSHeapSize: number } };
  /** Node's. */
  readonly process?: { readonly memoryUsage?: () => { readonly heapUsed: number } };
}

export function memoryUse(): MemoryUse {
  const { performance, process } = globalThis as HeapTellers;
  const heapBytes = performance?.memory?.usedJSHeapSize ?? process?.memoryUsage?.().heapUsed ?? null;
  return { heapBytes, tensorBytes: memory().numBytes };
}
