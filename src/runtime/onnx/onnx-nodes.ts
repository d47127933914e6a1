/** The nodes and constants of an ONNX graph under construction, and crop-and-resize as several of them. */
import { toFloat16 } from '../graph/float16.ts';
import type { GraphNode, Weight } from '../graph/graph.ts';
import { Names } from '../graph/names.ts';
import type { WeightType } from '../manifest.ts';
import type { AttributeValue, OnnxNode, OnnxTensor } from './onnx-messages.ts';

export class OnnxNodes {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly names: Names;
  readonly #dtype: WeightType;

  /** @throws ModelError `bad-graph` on two equal labels. */
  constructor(order: readonly GraphNode[], dtype: WeightType) {
    this.#dtype = dtype;
    this.names = new Names(order);
  }

  /** A weight's values under its name; a large one in half precision unless float32 is requested. @returns the name. */
  weight(weight: Weight, shape: readonly number[], data: () => Float32Array, large = false): string {
    const { name, known } = this.names.ofWeight(weight);
    if (known) return name;
    if (!large || this.#dtype === 'float32') {
      this.initializers.push({ name, type: 'float32', shape, data: bytesOf(data()) });
      return name;
    }
    const stored = this.names.free(`${name}/float16`);
    this.initializers.push({ name: stored, type: 'float16', shape, data: bytesOf(toFloat16(data())) });
    this.node('Cast', name, [stored], { to: { int: 1 } });
    return name;
  }

  floats(wish: string, values: Float32Array, shape: readonly number[]): string {
    const name = this.names.free(wish);
    this.initializers.push({ name, type: 'float32', shape, data: bytesOf(values) });
    return name;
  }

  int64s(wish: string, values: readonly number[]): string {
    const name = this.names.free(wish);
    const data = bytesOf(BigInt64Array.from(values, BigInt));
    this.initializers.push({ name, type: 'int64', shape: [values.length], data });
    return name;
  }

  /** Adds an inner node under a free name. @returns the name. */
  add(
    op: string,
    wish: string,
    inputs: readonly string[],
    attributes?: Record<string, AttributeValue>,
  ): string {
    const name = this.names.free(wish);
    this.node(op, name, inputs, attributes);
    return name;
  }

  node(
    op: string,
    output: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
  ): void {
    this.nodes.push({ op, inputs, outputs: [output], attributes });
  }
}

export function bytesOf(values: Float32Array | Int32Array | Uint16Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * Samples on a grid computed from the boxes, [n, 1, 1, 4]. Equal to TensorFlow's CropAndResize inside the
 * map. Both give zeros outside, but here the last pixel fades into them.
 */
export function writeCropResize(
  out: OnnxNodes,
  name: string,
  x: string,
  boxes: string,
  height: number,
  width: number,
): void {
  const corners = ['y1', 'x1', 'y2', 'x2'].map((corner) => out.names.free(`${name}/${corner}`));
  const [y1 = '', x1 = '', y2 = '', x2 = ''] = corners;
  // Sizes, not their number: that is an attribute of opset 18 only.
  out.nodes.push({
    op: 'Split',
    inputs: [boxes, out.int64s(`${name}/corners`, [1, 1, 1, 1])],
    outputs: corners,
    attributes: { axis: { int: 3 } },
  });
  const y = line(out, `${name}/y`, y1, y2, [1, height, 1, 1]); // [n, h, 1, 1]
  const across = line(out, `${name}/x`, x1, x2, [1, 1, width, 1]); // [n, 1, w, 1]
  const plane = out.floats(`${name}/plane`, new Float32Array(height * width), [1, height, width, 1]);
  const wide = [across, y].map((axis, index) => out.add('Add', `${name}/wide_${index}`, [axis, plane]));
  const fractions = out.add('Concat', `${name}/fractions`, wide, { axis: { int: 3 } }); // [n, h, w, 2]
  const doubled = out.add('Mul', `${name}/doubled`, [
    fractions,
    out.floats(`${name}/two`, Float32Array.of(2), []),
  ]);
  const grid = out.add('Sub', `${name}/grid`, [doubled, out.floats(`${name}/one`, Float32Array.of(1), [])]);
  out.node('GridSample', name, [x, grid], {
    mode: { string: 'bilinear' },
    padding_mode: { string: 'zeros' },
    align_corners: { int: 1 },
  });
}

/** Evenly spaced positions from `first` to `last`, both included; the middle when there is only one. */
function line(out: OnnxNodes, name: string, first: string, last: string, shape: readonly number[]): string {
  const count = shape.reduce((product, side) => product * side, 1);
  const ramp = Float32Array.from({ length: count }, (_, i) => (count === 1 ? 0.5 : i / (count - 1)));
  const extent = out.add('Sub', `${name}/extent`, [last, first]);
  const offset = out.add('Mul', `${name}/offset`, [extent, out.floats(`${name}/ramp`, ramp, shape)]);
  return out.add('Add', `${name}/positions`, [first, offset]);
}
