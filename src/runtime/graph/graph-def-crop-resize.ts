/** Crop-and-resize as nodes of a GraphDef. */
import type { GraphNode } from './graph.ts';
import { floatType, intType, string, type GraphDefNodes } from './graph-def-nodes.ts';

/** Prepares boxes once, however many features are cropped by them. */
export class CropResizeWriter {
  readonly #out: GraphDefNodes;
  readonly #known = new Map<GraphNode, { boxes: string; indices: string }>();

  constructor(out: GraphDefNodes) {
    this.#out = out;
  }

  /** CropAndResize with box i applied to batch element i, for any batch. */
  write(name: string, x: string, boxes: GraphNode | undefined, size: readonly [number, number]): void {
    if (boxes === undefined) throw new Error(`${name} has no boxes.`);
    const flat = this.#flatBoxes(boxes);
    this.#out.node(
      name,
      'CropAndResize',
      [x, flat.boxes, flat.indices, this.#out.ints(`${name}/size`, size)],
      {
        T: floatType,
        method: string('bilinear'),
        extrapolation_value: { f: 0 },
      },
    );
  }

  #flatBoxes(boxes: GraphNode): { boxes: string; indices: string } {
    const known = this.#known.get(boxes);
    if (known !== undefined) return known;
    const name = this.#out.names.of(boxes);
    const flat = this.#out.add(
      'Reshape',
      `${name}/flat`,
      [name, this.#out.ints(`${name}/flat_shape`, [-1, 4])],
      {
        Tshape: intType,
      },
    );
    // 0, 1, 2, … up to the batch: the running count of the boxes before each box.
    const column = this.#out.add(
      'Slice',
      `${name}/column`,
      [flat, this.#out.ints(`${name}/column_begin`, [0, 0]), this.#out.ints(`${name}/column_size`, [-1, 1])],
      { Index: intType },
    );
    const row = this.#out.add('Reshape', `${name}/row`, [column, this.#out.ints(`${name}/row_shape`, [-1])], {
      Tshape: intType,
    });
    const ones = this.#out.add('OnesLike', `${name}/ones`, [row]);
    const counts = this.#out.add(
      'Cumsum',
      `${name}/counts`,
      [ones, this.#out.ints(`${name}/counts_axis`, [0], [])],
      {
        exclusive: { b: true },
        reverse: { b: false },
        Tidx: intType,
      },
    );
    const indices = this.#out.names.free(`${name}/indices`);
    this.#out.node(indices, 'Cast', [counts], { SrcT: floatType, DstT: intType });
    const result = { boxes: flat, indices };
    this.#known.set(boxes, result);
    return result;
  }
}
