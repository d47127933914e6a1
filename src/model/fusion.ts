/**
 * How slice features s, context features f and the upsampled previous stage p are combined (DESIGN 3). All
 * maps of a stage have the same number of channels c; s and p are [n, h, w, c], f is [n, h', w', c].
 */
import type { FusionKind } from './config.ts';
import type { Ops } from './ops.ts';

export interface FusionInput<T> {
  readonly s: T;
  readonly f: T;
  /** null at the deepest stage. */
  readonly p: T | null;
  /** [n, 1, 1, 4] box of the slice in the context, needed by fusions that `readsPlace` names; see Ops.cropResize. */
  readonly sliceInContext: T | null;
}

export type Fusion = <T>(ops: Ops<T>, name: string, input: FusionInput<T>) => T;

/** The fusions of dual-input networks by name. */
export const fusions: Readonly<Record<Exclude<FusionKind, 'none'>, Fusion>> = {
  add: fuseAdd,
  concat: fuseConcat,
  attention: fuseAttention,
  aligned: fuseAligned,
  'cross-attention': fuseRegistered,
};

/** s + f (+ p). */
function fuseAdd<T>(ops: Ops<T>, _name: string, { s, f, p }: FusionInput<T>): T {
  const sum = ops.add(s, atSliceSize(ops, f, s)); // [n, h, w, c]
  return p === null ? sum : ops.add(sum, p);
}

/** ReLU(conv1×1[s; f; p]). */
function fuseConcat<T>(ops: Ops<T>, name: string, { s, f, p }: FusionInput<T>): T {
  const filters = ops.shape(s)[3];
  const g = atSliceSize(ops, f, s);
  const all = ops.concat(p === null ? [s, g] : [s, g, p]); // [n, h, w, 2c or 3c]
  return ops.relu(ops.conv2d(all, `${name}/mix`, { filters, kernel: 1, bias: false }));
}

/** Deepest: as concat. Else p + g ⊙ s with one gate per channel, g = sigmoid(W2 ReLU(W1 GAP[s; f; p])). */
function fuseAttention<T>(ops: Ops<T>, name: string, input: FusionInput<T>): T {
  const { s, f, p } = input;
  if (p === null) return fuseConcat(ops, name, input);
  const filters = ops.shape(s)[3];
  // GAP of a concatenation is the concatenation of the GAPs: map sizes need not be equal.
  const pooled = ops.concat([ops.globalMean(s), ops.globalMean(f), ops.globalMean(p)]); // [n, 1, 1, 3c]
  const hidden = ops.relu(ops.conv2d(pooled, `${name}/gate1`, { filters, kernel: 1, bias: false }));
  const gate = ops.sigmoid(
    ops.conv2d(hidden, `${name}/gate2`, { filters, kernel: 1, bias: false, init: 'glorot' }),
  ); // [n, 1, 1, c]
  return ops.add(p, ops.mul(s, gate));
}

/**
 * Our own fusion. The context is registered to the slice by its known box, enters through a gate over space
 * and channels, and a pooled summary of the whole context is added. Networks with this fusion also pass the
 * wide view down the context path and add its evidence to the logits (refinenet.ts). See
 * docs/fusion-study.md.
 */
function fuseAligned<T>(ops: Ops<T>, name: string, { s, f, p, sliceInContext }: FusionInput<T>): T {
  if (sliceInContext === null) {
    throw new Error('Fusion "aligned" needs sliceInContext: the box of the slice in its context.');
  }
  const [, height, width, filters] = ops.shape(s);
  const here = ops.cropResize(f, sliceInContext, height, width); // [n, h, w, c] context at the slice
  const summary = ops.relu(
    ops.conv2d(ops.globalMean(f), `${name}/summary`, { filters, kernel: 1, bias: true, init: 'residual' }),
  ); // [n, 1, 1, c]
  const gate = ops.sigmoid(
    ops.conv2d(ops.concat([s, here]), `${name}/gate`, { filters, kernel: 1, bias: true, init: 'glorot' }),
  ); // [n, h, w, c]
  const context = ops.conv2d(here, `${name}/context`, { filters, kernel: 1, bias: false, init: 'residual' }); // [n, h, w, c]
  const fused = ops.add(ops.add(s, ops.mul(context, gate)), summary); // [n, h, w, c]
  return p === null ? ops.relu(fused) : ops.add(fused, p);
}

/**
 * Of `cross-attention`: the context is registered to the slice by its known box and joined by concatenation and
 * a 1×1 convolution that starts at 0, so that the network starts as if it had one input and takes in what
 * helps. What the rest of the context adds is in cross-attention.ts, at stride 16 only.
 */
function fuseRegistered<T>(ops: Ops<T>, name: string, { s, f, p, sliceInContext }: FusionInput<T>): T {
  if (sliceInContext === null) {
    throw new Error('Fusion "cross-attention" needs sliceInContext: the box of the slice in its context.');
  }
  const [, height, width, filters] = ops.shape(s);
  const here = ops.cropResize(f, sliceInContext, height, width); // [n, h, w, c] context at the slice
  const all = ops.concat(p === null ? [s, here] : [s, here, p]); // [n, h, w, 2c or 3c]
  const mix = ops.conv2d(all, `${name}/mix`, { filters, kernel: 1, bias: false, init: 'zero' });
  const fused = ops.add(s, mix);
  return p === null ? ops.relu(fused) : ops.add(fused, p);
}

/** f resized to the slice's map where the inputs differ in pixels (multi-size), otherwise unchanged. */
function atSliceSize<T>(ops: Ops<T>, f: T, s: T): T {
  const [, height, width] = ops.shape(s);
  const [, contextHeight, contextWidth] = ops.shape(f);
  return height === contextHeight && width === contextWidth ? f : ops.resizeBilinear(f, height, width);
}
