/** Assembles the convolution loops from their text when training starts, which takes a few milliseconds. */
import { setFlagsFromString } from 'node:v8';
import initialiseWabt from 'wabt';
import { ConvLoops } from './conv-loops.ts';
import { loopSource } from './loop-source.ts';

/**
 * @param fused multiply and add in one instruction (relaxed SIMD) where this version of Node has it: about
 * 1.3 times as fast. Sums, and therefore losses, then differ in their last bits.
 */
export async function assembledLoops({ fused = true } = {}): Promise<ConvLoops> {
  // Node 20 has relaxed SIMD behind this flag; newer versions always have it.
  if (fused) setFlagsFromString('--experimental-wasm-relaxed-simd');
  const wabt = await initialiseWabt();
  const assemble = (withFused: boolean): Uint8Array<ArrayBuffer> => {
    const module = wabt.parseWat('conv', loopSource(withFused), { simd: true, relaxed_simd: true });
    try {
      return new Uint8Array(module.toBinary({}).buffer);
    } finally {
      module.destroy();
    }
  };
  const binary = assemble(fused);
  return ConvLoops.instantiate(WebAssembly.validate(binary) ? binary : assemble(false));
}
