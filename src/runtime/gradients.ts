/**
 * What training needs besides a backend. TF.js's own gradients come with the umbrella package, the one way to
 * have them that works in Node and in bundlers alike; nothing that a page loads imports this file.
 */
import '@tensorflow/tfjs';
import { registerMaxPoolGradient } from './max-pool-gradient.ts';

/** Puts our faster kernels in place. Call once, before training on wasm. */
export function registerTrainingKernels(): void {
  registerMaxPoolGradient();
}
