/** Convolutions as nodes of a GraphDef. */
import type { OperationOf, Weight } from './graph.ts';
import { base64, floatType, ints, string, type Attribute, type GraphDefNodes } from './graph-def-nodes.ts';

export function writeConv(
  out: GraphDefNodes,
  name: string,
  x: string,
  { kernel, bias, stride, pad, relu }: OperationOf<'conv'>,
  channels: number,
): void {
  const side = kernel.shape[0] ?? 1;
  const padding: Record<string, Attribute> =
    pad === 0
      ? { padding: string('VALID') }
      : { padding: string('EXPLICIT'), explicit_paddings: ints([0, 0, pad, pad, pad, pad, 0, 0]) };
  fusedConv(out, name, x, out.weight(kernel, true), biasFor(out, kernel, bias, relu, channels), relu, {
    strides: ints([1, stride, stride, 1]),
    ...(side === 1 ? { padding: string('VALID') } : padding),
  });
}

/**
 * A 2×2 up-convolution with stride 2 writes four pixels per pixel read, without overlap. So it is a 1×1
 * convolution to four times the channels, whose groups DepthToSpace arranges as squares. On the wasm backend
 * that is many times faster than Conv2DBackpropInput.
 */
export function writeUpConv(
  out: GraphDefNodes,
  name: string,
  x: string,
  { kernel, bias, relu }: OperationOf<'upConv'>,
  channels: number,
): void {
  const inputs = kernel.shape[3] ?? 1;
  const flat: Weight = {
    name: kernel.name,
    shape: [1, 1, inputs, 4 * channels],
    data: () => transposed(kernel.data(), 4 * channels, inputs),
  };
  const tiled: Weight = {
    name: bias.name,
    shape: [4 * channels],
    data: () => {
      const values = bias.data();
      return Float32Array.from({ length: 4 * channels }, (_, i) => values[i % channels] ?? 0);
    },
  };
  const wide = out.names.free(`${name}/wide`);
  fusedConv(out, wide, x, out.weight(flat, true), out.weight(tiled, false), relu, {
    strides: ints([1, 1, 1, 1]),
    padding: string('VALID'),
  });
  out.node(name, 'DepthToSpace', [wide], {
    T: floatType,
    block_size: { i: '2' },
    data_format: string('NHWC'),
  });
}

function fusedConv(
  out: GraphDefNodes,
  name: string,
  x: string,
  kernel: string,
  bias: string | null,
  relu: boolean,
  attributes: Record<string, Attribute>,
): void {
  const attr = { ...attributes, T: floatType, data_format: string('NHWC'), dilations: ints([1, 1, 1, 1]) };
  if (bias === null) {
    out.node(name, 'Conv2D', [x, kernel], attr);
    return;
  }
  out.node(name, '_FusedConv2D', [x, kernel, bias], {
    ...attr,
    num_args: { i: '1' },
    epsilon: { f: 0 },
    fused_ops: { list: { s: (relu ? ['BiasAdd', 'Relu'] : ['BiasAdd']).map(base64) } },
  });
}

/** TF.js fuses a ReLU only after a bias, so a convolution with ReLU alone gets a bias of zero. */
function biasFor(
  out: GraphDefNodes,
  kernel: Weight,
  bias: Weight | null,
  relu: boolean,
  channels: number,
): string | null {
  if (bias !== null) return out.weight(bias, false);
  if (!relu) return null;
  const zero: Weight = {
    name: kernel.name.replace(/kernel$/, 'bias'),
    shape: [channels],
    data: () => new Float32Array(channels),
  };
  return out.weight(zero, false);
}

/** A [rows, columns] matrix as [columns, rows]. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return result;
}
