/**
 * What training needs besides a backend. TF.js's own gradients come with the umbrella package, the one way to
 * have them that works in Node and in bundlers alike; nothing that a page loads imports this file.
 */
import '@tensorflow/tfjs';
import { assembledLoops } from './conv/assembled-loops.node.ts';
import { convByLoops } from './conv/conv-by-loops.ts';
import { setConvMathOnWasm } from './conv/differentiable-conv.ts';
import { registerMaxPoolGradient } from './max-pool-gradient.ts';

/** Puts our faster kernels in place. Call once, before training on wasm. */
export async function registerTrainingKernels(): Promise<void> {
  registerMaxPoolGradient();
  setConvMathOnWasm(convByLoops(await assembledLoops()));
}
