/** Memory in use now. */
import { memory } from '@tensorflow/tfjs-core';

/** In bytes, as far as the platform reports them. */
export interface MemoryUse {
  /** JavaScript heap of this thread; null where the platform does not report it. */
  readonly heapBytes: number | null;
  /** Tensors, weights included. */
  readonly tensorBytes: number;
}

interface HeapTellers {
  /** In Chromium. */
  readonly performance?: { readonly memory?: { readonly usedJSHeapSize: number } };
  /** In Node. */
  readonly process?: { readonly memoryUsage?: () => { readonly heapUsed: number } };
}

export function memoryUse(): MemoryUse {
  const { performance, process } = globalThis as HeapTellers;
  const heapBytes = performance?.memory?.usedJSHeapSize ?? process?.memoryUsage?.().heapUsed ?? null;
  return { heapBytes, tensorBytes: memory().numBytes };
}
