/**
 * What training needs in addition to a backend. TF.js's own gradients come with the umbrella package, the
 * only way to load them that works both in Node and in bundlers; nothing that a page loads imports this file.
 */
import '@tensorflow/tfjs';
import { assembledLoops } from './conv/assembled-loops.node.ts';
import { convByLoops } from './conv/conv-by-loops.ts';
import { setConvMathOnWasm } from './conv/differentiable-conv.ts';
import { registerMaxPoolGradient } from './gradients.ts';

/** Registers our faster kernels. Call once, before training on wasm. */
export async function registerTrainingKernels(): Promise<void> {
  registerMaxPoolGradient();
  setConvMathOnWasm(convByLoops(await assembledLoops()));
}
