/** A network of any kind by its configuration: the one entry for every interpreter. */
import type { NetworkConfig } from './config.ts';
import type { Ops } from './ops.ts';
import { contextPath, daRefineNet, dualDecoder, type ContextPath, type NetworkInput } from './refinenet.ts';
import { unet } from './unet.ts';

/** @returns logits [n, h/4, w/4, classes] (RefineNet) or [n, h, w, classes] (U-Net). */
export function network<T>(ops: Ops<T>, input: NetworkInput<T>, config: NetworkConfig): T {
  return config.kind === 'unet' ? unet(ops, input.slice, config) : daRefineNet(ops, input, config);
}

/** Logits at the slice's own resolution, [n, h, w, classes]: what is exported and evaluated. */
export function fullSizeLogits<T>(ops: Ops<T>, input: NetworkInput<T>, config: NetworkConfig): T {
  return atInputSize(ops, network(ops, input, config), input.slice);
}

/** As `fullSizeLogits`, with the context's features at hand (split execution). */
export function fullSizeLogitsOfSlice<T>(
  ops: Ops<T>,
  input: Pick<NetworkInput<T>, 'slice' | 'sliceInContext'>,
  context: ContextPath<T>,
  config: NetworkConfig,
): T {
  if (config.kind === 'unet') throw new Error('U-Net has no context path.');
  return atInputSize(ops, dualDecoder(ops, input, context, config), input.slice);
}

/** The context's features of a dual-input network, deepest first. */
export function encodeContext<T>(ops: Ops<T>, context: T, config: NetworkConfig): ContextPath<T> {
  if (config.kind === 'unet') throw new Error('U-Net has no context path.');
  return contextPath(ops, context, config);
}

export function readsContext(config: NetworkConfig): boolean {
  return config.kind === 'refinenet' && config.contextEncoder !== null;
}

function atInputSize<T>(ops: Ops<T>, logits: T, slice: T): T {
  const [, height, width] = ops.shape(slice);
  const [, outHeight, outWidth] = ops.shape(logits);
  return height === outHeight && width === outWidth ? logits : ops.resizeBilinear(logits, height, width);
}
