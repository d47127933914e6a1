/**
 * Packs class, confidence and relative logits into bytes on the graphics card, so that nothing more is read
 * back.
 *
 * TF.js's own operations cannot: its WebGPU kernels compute integers in float32 too, which is exact only up
 * to 2^24, so combining four bytes by multiplication and addition loses the lowest one. This custom shader
 * shifts instead.
 */
import { engine, type KernelBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { relativeByteShader } from './relative-logits.ts';

/** A compute shader in the form that TF.js's WebGPU backend takes. */
interface WebGpuProgram {
  readonly variableNames: readonly string[];
  readonly outputShape: number[];
  readonly shaderKey: string;
  readonly dispatchLayout: { readonly x: number[] };
  /** The backend spreads it over more dimensions where there are too many workgroups for one. */
  readonly dispatch: [number, number, number];
  readonly workgroupSize: [number, number, number];
  readonly variableComponents: number[];
  /** Whether `uniforms.size`, the number of results, is needed. */
  readonly size: boolean;
  readonly uniforms: string;
  getUserCode(): string;
}

interface WebGpuRunner {
  readonly runWebGPUProgram?: (
    program: WebGpuProgram,
    inputs: readonly TensorInfo[],
    dtype: 'int32',
    uniforms: readonly { readonly type: 'int32'; readonly data: readonly number[] }[],
  ) => TensorInfo;
}

const workgroup = 128;

/**
 * All classes, then all confidences, then all relative logits (defined by `relativeLogits`), four bytes per
 * int32; the caller owns it.
 * @param packed int32 class * 256 + confidence of `pixels` pixels.
 * @param logits float32, `depth` values per pixel; null for class and confidence alone.
 * @returns null where the backend cannot: anywhere but on WebGPU, and where the bytes do not fill whole
 * words.
 */
export function bytesOnDevice(
  packed: Tensor,
  logits: Tensor | null,
  pixels: number,
  depth: number,
): Tensor | null {
  const backend = engine().backend as KernelBackend & WebGpuRunner;
  if (engine().backendName !== 'webgpu' || backend.runWebGPUProgram === undefined) return null;
  if (pixels % 4 !== 0) return null;
  const words = (pixels / 4) * (2 + (logits === null ? 0 : depth));
  const flat = ({ dataId, dtype, size }: Tensor): TensorInfo => ({ dataId, dtype, shape: [size] });
  const info = backend.runWebGPUProgram(
    {
      variableNames: logits === null ? ['pairs'] : ['pairs', 'logits'],
      outputShape: [words],
      shaderKey: `dualscope_bytes_${depth}`,
      dispatchLayout: { x: [0] },
      dispatch: [Math.ceil(words / workgroup), 1, 1],
      workgroupSize: [workgroup, 1, 1],
      variableComponents: logits === null ? [1] : [1, 1],
      size: true,
      uniforms: 'plane : i32,',
      getUserCode: () => shader(depth),
    },
    logits === null ? [flat(packed)] : [flat(packed), flat(logits)],
    'int32',
    [{ type: 'int32', data: [pixels / 4] }],
  );
  return engine().makeTensorFromTensorInfo(info, backend);
}

/** `uniforms.plane` is the number of words that the classes take, and the confidences. */
function shader(depth: number): string {
  const logit =
    depth === 0
      ? ''
      : `
    ${relativeByteShader}
    fn logitByte(index : i32) -> i32 {
      let first = index - index % ${depth};
      var top = logits[first];
      for (var i = 1; i < ${depth}; i++) { top = max(top, logits[first + i]); }
      return relativeByte(top - logits[index]);
    }`;
  return `
    ${logit}
    fn byteAt(word : i32, index : i32) -> i32 {
      if (word < uniforms.plane) { return pairs[index] >> 8u; }
      ${depth === 0 ? '' : 'if (word >= 2 * uniforms.plane) { return logitByte(index - 8 * uniforms.plane); }'}
      return pairs[index - 4 * uniforms.plane] & 255;
    }
    fn main(word : i32) {
      if (word < uniforms.size) {
        var bytes = 0;
        for (var i = 0; i < 4; i++) { bytes |= (byteAt(word, 4 * word + i) & 255) << u32(8 * i); }
        result[word] = bytes;
      }
    }`;
}
