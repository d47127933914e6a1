/** Attention and constant channels as ONNX nodes on NCHW maps. */
import type { GraphNode, Weight } from '../graph/graph.ts';
import { planesLast } from './kernel-layout.ts';
import type { OnnxNodes } from './onnx-nodes.ts';

/** New channels of zeros, then the map added to them: it is one for the whole batch. @param channels of the result */
export function writeWithMap(out: OnnxNodes, name: string, x: string, map: Weight, channels: number): void {
  const [, height = 1, width = 1, added = 1] = map.shape;
  const plane = height * width;
  const values = new Float32Array(channels * plane);
  values.set(planesLast(map.data(), [height, width, 1, added]), (channels - added) * plane);
  const pads = out.int64s(`${name}/pads`, [0, 0, 0, 0, 0, added, 0, 0]);
  const wide = out.add('Pad', `${name}/wide`, [x, pads, out.floats(`${name}/zero`, Float32Array.of(0), [])]);
  out.node('Add', name, [wide, out.floats(`${name}/map`, values, [1, channels, height, width])]);
}

/** softmax(Qᵀ K), whose rows weight the columns of V. A single context serves every slice of a batch. */
export function writeAttend(
  out: OnnxNodes,
  name: string,
  inputs: readonly string[],
  { shape: [, height, width, depth], inputs: nodes }: GraphNode,
): void {
  /** [n, c, positions]; 0 keeps the batch. */
  const columns = (part: string, index: number): string => {
    const [, h = 1, w = 1, c = 1] = nodes[index]?.shape ?? [];
    return out.add('Reshape', `${name}/${part}`, [
      inputs[index] ?? '',
      out.int64s(`${name}/${part}_shape`, [0, c, h * w]),
    ]);
  };
  const flipped = (x: string): string =>
    out.add('Transpose', `${x}/flipped`, [x], { perm: { ints: [0, 2, 1] } });
  const scores = out.add('MatMul', `${name}/scores`, [flipped(columns('queries', 0)), columns('keys', 1)]);
  const weights = out.add('Softmax', `${name}/weights`, [scores], { axis: { int: -1 } });
  const found = out.add('MatMul', `${name}/found`, [columns('values', 2), flipped(weights)]); // [n, d, h·w]
  out.node('Reshape', name, [found, out.int64s(`${name}/shape`, [0, depth, height, width])]);
}
