/** A network of any kind from its configuration: the one entry point for every interpreter. */
import type { NetworkConfig } from './config.ts';
import type { Ops, Shape4 } from './ops.ts';
import {
  afterEncoders,
  contextPath,
  daRefineNet,
  dualDecoder,
  encode,
  encodeFirstStages,
  encodeLastStage,
  type ContextPath,
  type EncodedInput,
  type NetworkInput,
} from './refinenet.ts';
import type { FirstStages, Pyramid } from './resnet.ts';
import { unet } from './unet.ts';

/**
 * @returns logits [n, h/4, w/4, classes] (RefineNet) or [n, h, w, classes] (U-Net).
 * @throws Error on a missing context, on images that are not RGB or smaller than 32 pixels.
 */
export function network<T>(ops: Ops<T>, input: NetworkInput<T>, config: NetworkConfig): T {
  checkImage('slice', ops.shape(input.slice));
  if (input.context !== null && readsContext(config)) checkImage('context', ops.shape(input.context));
  return config.kind === 'unet' ? unet(ops, input.slice, config) : daRefineNet(ops, input, config);
}

/** The features that one of the network's encoders computes. @param image [n, h, w, 3] RGB, 0 to 255 */
export function encoderFeatures<T>(
  ops: Ops<T>,
  image: T,
  which: 'slice' | 'context',
  config: NetworkConfig,
): Pyramid<T> {
  if (config.kind === 'unet') throw new Error('U-Net has no encoder of its own.');
  checkImage(which, ops.shape(image));
  return encode(ops, image, which, config);
}

/** As `encoderFeatures`, without the last stage. */
export function firstFeatures<T>(
  ops: Ops<T>,
  image: T,
  which: 'slice' | 'context',
  config: NetworkConfig,
): FirstStages<T> {
  if (config.kind === 'unet') throw new Error('U-Net has no encoder of its own.');
  checkImage(which, ops.shape(image));
  return encodeFirstStages(ops, image, which, config);
}

/** What encoders saw earlier: all of their stages, or all but the last. */
export interface EarlierFeatures<T> {
  readonly slice: Pyramid<T> | FirstStages<T>;
  /** null for single-input networks. */
  readonly context: Pyramid<T> | FirstStages<T> | null;
  /** As in `NetworkInput`. */
  readonly sliceInContext: T | null;
}

/** As `network`, with the encoders' features computed earlier. Computes the last stage where it is missing. */
export function networkOfFeatures<T>(ops: Ops<T>, input: EarlierFeatures<T>, config: NetworkConfig): T {
  if (config.kind === 'unet') throw new Error('U-Net has no encoder of its own.');
  const whole = (stages: Pyramid<T> | FirstStages<T>, which: 'slice' | 'context'): Pyramid<T> =>
    stages.length === 3 ? encodeLastStage(ops, stages, which, config) : stages;
  // The context first, as in the whole network: that is the order of variables.
  const context = input.context === null ? null : whole(input.context, 'context');
  const encoded: EncodedInput<T> = { ...input, context, slice: whole(input.slice, 'slice') };
  return afterEncoders(ops, encoded, config);
}

/** Logits at the slice's own resolution, [n, h, w, classes]: what is exported and evaluated. */
export function fullSizeLogits<T>(ops: Ops<T>, input: NetworkInput<T>, config: NetworkConfig): T {
  return atInputSize(ops, network(ops, input, config), input.slice);
}

/** As `fullSizeLogits`, with context features computed earlier (split execution). */
export function fullSizeLogitsOfSlice<T>(
  ops: Ops<T>,
  input: Pick<NetworkInput<T>, 'slice' | 'sliceInContext'>,
  context: ContextPath<T>,
  config: NetworkConfig,
): T {
  if (config.kind === 'unet') throw new Error('U-Net has no context path.');
  const encoded = { ...input, slice: encode(ops, input.slice, 'slice', config) };
  return atInputSize(ops, dualDecoder(ops, encoded, context, config), input.slice);
}

/** The context's features of a dual-input network, deepest first. */
export function encodeContext<T>(ops: Ops<T>, context: T, config: NetworkConfig): ContextPath<T> {
  if (config.kind === 'unet') throw new Error('U-Net has no context path.');
  checkImage('context', ops.shape(context));
  return contextPath(ops, encode(ops, context, 'context', config), config);
}

export { readsPlace } from './refinenet.ts';

export function readsContext(config: NetworkConfig): boolean {
  return config.kind === 'refinenet' && config.contextEncoder !== null;
}

/** The deepest features have stride 32: a smaller image has none. */
const SMALLEST_SIDE = 32;

function checkImage(what: string, [n, h, w, channels]: Shape4): void {
  const shape = `[${[n, h, w, channels].join(', ')}]`;
  if (channels !== 3) throw new Error(`The ${what} is ${shape}; give RGB, [n, h, w, 3].`);
  if (Math.min(h, w) < SMALLEST_SIDE) {
    throw new Error(`The ${what} is ${shape}; give at least ${String(SMALLEST_SIDE)} pixels a side.`);
  }
}

function atInputSize<T>(ops: Ops<T>, logits: T, slice: T): T {
  const [, height, width] = ops.shape(slice);
  const [, outHeight, outWidth] = ops.shape(logits);
  return height === outHeight && width === outWidth ? logits : ops.resizeBilinear(logits, height, width);
}
