/**
 * A model's weights as a safetensors file: eight bytes with the length of a JSON header, the header, and the values
 * one after the other.
 */
import { toFloat16 } from './graph/float16.ts';
import { topologicalOrder, type Weight } from './graph/graph.ts';
import { readGraphDef } from './graph/read-graph-def.ts';
import type { ModelFiles } from './model-files.ts';

interface StoredTensor {
  readonly weight: Weight;
  readonly dtype: 'F16' | 'F32';
}

/**
 * Kernels, biases and the scale and shift of the inputs under the names that they have in the graph, in the types
 * that the model stores (those of eight bits in half precision): kernels [height, width, in, out], those of up-convolutions [2, 2, out, in].
 * @param producer such as `Dualscope 0.1.0`
 * @throws ModelError `bad-graph` when the graph has anything that this version does not write.
 */
export function toSafetensors(files: ModelFiles, producer: string): Uint8Array<ArrayBuffer> {
  const { manifest } = files;
  // Eight-bit weights are half-precision numbers, too.
  const halfOrWhole = manifest.graph.dtype === 'float32' ? 'F32' : 'F16';
  const tensors = new Map<Weight, StoredTensor>();
  const add = (dtype: 'F16' | 'F32', ...weights: (Weight | null)[]): void => {
    for (const weight of weights) if (weight !== null) tensors.set(weight, { weight, dtype });
  };
  for (const { operation } of topologicalOrder(readGraphDef(files).outputs)) {
    if (operation.kind === 'conv' || operation.kind === 'upConv') {
      add(halfOrWhole, operation.kernel);
      add('F32', operation.bias);
    } else if (operation.kind === 'scaleShift') add('F32', operation.scale, operation.shift);
  }
  // The wider type first, so that every tensor starts at a multiple of its values' size.
  const stored = [...tensors.values()].sort((a, b) => bytesPer[b.dtype] - bytesPer[a.dtype]);
  return encode(stored, {
    format: 'dualscope',
    producer,
    id: manifest.id,
    title: manifest.title,
    licence: manifest.provenance.licence,
    notice: 'Research use only. Not a medical device, not for diagnosis.',
    classes: JSON.stringify(manifest.classes),
    preset: manifest.preset,
    kernels: '[height, width, in, out]; up-convolutions [2, 2, out, in]',
    batch_norm: 'folded into the kernel and bias of the convolution before it',
    manifest: JSON.stringify(manifest),
  });
}

const bytesPer = { F16: 2, F32: 4 } as const;

function encode(
  tensors: readonly StoredTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { weight, dtype } of tensors) {
    const start = end;
    end += bytesPer[dtype] * sizeOf(weight.shape);
    header[weight.name] = { dtype, shape: weight.shape, data_offsets: [start, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Spaces after the header align the values.
  const headerLength = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + end).fill(0x20, 8, 8 + headerLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(json, 8);
  let offset = 8 + headerLength;
  for (const { weight, dtype } of tensors) {
    const values = weight.data();
    const { buffer, byteOffset, byteLength } = dtype === 'F16' ? toFloat16(values) : values;
    file.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return file;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
