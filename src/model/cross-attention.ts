/**
 * Cross-attention from a slice to the wide context around it: every position of the slice asks every position of the
 * context, near or far. Where they lie to each other counts in µm, whatever the sizes of the inputs.
 *
 * A head's score of slice position i and context position j is
 *
 *     q_i · k_j + u_i · (p_j − p_i) − |p_j − p_i|² / 2σ²
 *
 * with places p in hundreds of µm. q, k and u are 1×1 convolutions: u is a direction in which the position looks, and σ is
 * fixed per head, as in linear biases by distance (ALiBi, Press et al. 2022). Softmax over j ignores what depends on i alone,
 * so the score is written as one inner product of [q; u + p_i / σ²; −1 / 2σ²] and [k; p_j; |p_j|²]. Keys and values do not
 * depend on the slice: a region computes them once.
 */
import type { Ops } from './ops.ts';
import { placeChannels } from './places.ts';

/** µm in a unit of place. */
const unitUm = 100;

/** σ of each head, µm: around the position, in its neighbourhood, and the whole context alike. */
const headWidthsUm = [60, 240, null] as const;

export interface CrossAttentionInput<T> {
  /** [n, h, w, c] */
  readonly s: T;
  /** [n, h', w', c] */
  readonly f: T;
  /** [n, 1, 1, 4] box of the slice in the context; see Ops.cropResize. */
  readonly sliceInContext: T;
  /** Side of the context's field, µm. */
  readonly contextFieldUm: number;
}

/** What the slice's positions find in the context, [n, h, w, c]. Starts at 0, so nothing is forced in. */
export function crossAttention<T>(ops: Ops<T>, name: string, input: CrossAttentionInput<T>): T {
  const { s, f, sliceInContext, contextFieldUm } = input;
  const [, height, width, filters] = ops.shape(s);
  const depth = Math.max(4, filters / 4);
  const found = headWidthsUm.map((widthUm, index) => {
    const head = `${name}/head${String(index + 1)}`;
    const key = ops.conv2d(f, `${head}/key`, { filters: depth, kernel: 1, bias: false, init: 'glorot' });
    const keys = ops.withPlaces(key, contextFieldUm / unitUm); // [n, h', w', depth + 3]
    const values = ops.conv2d(f, `${head}/value`, { filters: depth, kernel: 1, bias: false, init: 'glorot' });
    const asked = ops.conv2d(s, `${head}/query`, {
      filters: depth + placeChannels,
      kernel: 1,
      bias: false,
      init: 'residual',
    });
    // The last channel, which meets |p_j|², has no content of its own: that would not be relative.
    const query = ops.affine(asked, channels(depth, 1, 1, 0), channels(depth, 0, 0, 0));
    if (widthUm === null) return ops.attend(query, keys, values);
    const sharpness = (unitUm / widthUm) ** 2;
    const here = ops.cropResize(keys, sliceInContext, height, width); // Places are linear: exact.
    const near = ops.affine(here, channels(depth, 0, sharpness, 0), channels(depth, 0, 0, -sharpness / 2));
    return ops.attend(ops.add(query, near), keys, values); // [n, h, w, depth]
  });
  return ops.conv2d(ops.concat(found), `${name}/out`, { filters, kernel: 1, bias: false, init: 'zero' });
}

/** One value for all content channels, one for both places, one for their square. */
function channels(depth: number, content: number, place: number, square: number): number[] {
  return [...new Array<number>(depth).fill(content), place, place, square];
}
