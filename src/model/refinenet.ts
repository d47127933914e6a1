/** DA-RefineNet and its single-input sibling RefineNet, written once over Ops<T> (DESIGN 3). */
import type { NetworkConfig, Preprocessing, RefineNetConfig, ResNetConfig } from './config.ts';
import { crossAttention } from './cross-attention.ts';
import { fusions } from './fusion.ts';
import type { Ops, Shape4 } from './ops.ts';
import { chainedResidualPooling, residualConvUnits } from './refine-blocks.ts';
import { firstStages, resnet, withLastStage, type FirstStages, type Pyramid } from './resnet.ts';

export interface NetworkInput<T> {
  /** [n, h, w, 3] RGB, 0 to 255. */
  readonly slice: T;
  /** [n, h', w', 3] RGB, 0 to 255; null for single-input networks. */
  readonly context: T | null;
  /** [n, 1, 1, 4] y1, x1, y2, x2 of the slice in the context's features; null unless `readsPlace`. */
  readonly sliceInContext: T | null;
}

/** What the encoders see in the images, and where the slice is: all that the rest of the network reads. */
export interface EncodedInput<T> {
  readonly slice: Pyramid<T>;
  /** null for single-input networks. */
  readonly context: Pyramid<T> | null;
  /** As in `NetworkInput`. */
  readonly sliceInContext: T | null;
}

/** The context path's features, deepest stage first, computed once per region. */
export type ContextPath<T> = Pyramid<T>;

/** Names under which Ops.label marks the context path's features, deepest first. */
export const CONTEXT_FEATURE_LABELS = [
  'context_features_4',
  'context_features_3',
  'context_features_2',
  'context_features_1',
] as const;

/** Whether the network is told where the slice lies in its context. */
export function readsPlace(config: NetworkConfig): boolean {
  return config.kind === 'refinenet' && (config.fusion === 'aligned' || config.fusion === 'cross-attention');
}

/** @returns logits at stride 4, [n, h/4, w/4, classes]. */
export function daRefineNet<T>(ops: Ops<T>, input: NetworkInput<T>, config: RefineNetConfig): T {
  if (config.contextEncoder === null) {
    return singleDecoder(ops, encode(ops, input.slice, 'slice', config), config);
  }
  if (input.context === null) {
    throw new Error('This network reads a context beside each slice; give `context` [n, h, w, 3].');
  }
  const context = contextPath(ops, encode(ops, input.context, 'context', config), config);
  const slice = encode(ops, input.slice, 'slice', config);
  return dualDecoder(ops, { slice, sliceInContext: input.sliceInContext }, context, config);
}

/** Everything after the encoders. @returns as `daRefineNet` */
export function afterEncoders<T>(ops: Ops<T>, input: EncodedInput<T>, config: RefineNetConfig): T {
  if (input.context === null) return singleDecoder(ops, input.slice, config);
  return dualDecoder(ops, input, contextPath(ops, input.context, config), config);
}

/** One of the encoders. @param image [n, h, w, 3] RGB, 0 to 255 */
export function encode<T>(
  ops: Ops<T>,
  image: T,
  which: 'slice' | 'context',
  config: RefineNetConfig,
): Pyramid<T> {
  const { name, encoder } = encoderOf(which, config);
  return resnet(ops, normalise(ops, image, config.preprocessing), name, encoder);
}

/** All but the last stage of an encoder. @param image [n, h, w, 3] RGB, 0 to 255 */
export function encodeFirstStages<T>(
  ops: Ops<T>,
  image: T,
  which: 'slice' | 'context',
  config: RefineNetConfig,
): FirstStages<T> {
  const { name, encoder } = encoderOf(which, config);
  return firstStages(ops, normalise(ops, image, config.preprocessing), name, encoder);
}

/** The last stage on top of what `encodeFirstStages` gave. */
export function encodeLastStage<T>(
  ops: Ops<T>,
  stages: FirstStages<T>,
  which: 'slice' | 'context',
  config: RefineNetConfig,
): Pyramid<T> {
  const { name, encoder } = encoderOf(which, config);
  return withLastStage(ops, stages, name, encoder);
}

function encoderOf(
  which: 'slice' | 'context',
  { sliceEncoder, contextEncoder }: RefineNetConfig,
): { readonly name: string; readonly encoder: ResNetConfig } {
  const encoder = which === 'slice' ? sliceEncoder : contextEncoder;
  if (encoder === null) throw new Error('A single-input network has no context encoder.');
  return { name: `${which}/encoder`, encoder };
}

/**
 * The context path has its own reduce → 2 RCU → ReLU per stage. It does not depend on the slice, so the
 * result serves every slice of the region. `aligned` and `cross-attention` read these features at the slice's
 * position, so even the fine stages need the wide view: each adds the deeper stage's result before its RCUs
 * (docs/fusion-study.md).
 */
export function contextPath<T>(ops: Ops<T>, pyramid: Pyramid<T>, config: RefineNetConfig): ContextPath<T> {
  let deeper: T | null = null;
  const path = (features: T, stage: 0 | 1 | 2 | 3): T => {
    const name = `context/stage${4 - stage}`;
    let f = reduce(ops, regularise(ops, features, name, stage, config), name, config.decoder[stage], 1);
    if (readsPlace(config) && deeper !== null) f = topDown(ops, f, deeper, name);
    f = ops.relu(residualConvUnits(ops, f, `${name}/rcu`, 2)); // [n, h, w, c]
    deeper = f;
    return ops.label(f, CONTEXT_FEATURE_LABELS[stage]);
  };
  return eachStage(pyramid, path);
}

/** x + the deeper stage's features by 1×1 convolution, enlarged (as in feature pyramids, Lin et al. 2017). */
function topDown<T>(ops: Ops<T>, x: T, deeper: T, name: string): T {
  const [, height, width, filters] = ops.shape(x);
  const down = ops.conv2d(deeper, `${name}/down`, { filters, kernel: 1, bias: false, init: 'residual' });
  return ops.add(x, ops.resizeBilinear(down, height, width)); // [n, h, w, c]
}

/** The slice's side of a dual-input network, given the context's features. @returns logits at stride 4. */
export function dualDecoder<T>(
  ops: Ops<T>,
  input: Pick<EncodedInput<T>, 'slice' | 'sliceInContext'>,
  context: ContextPath<T>,
  config: RefineNetConfig,
): T {
  if (config.fusion === 'none') throw new Error('A dual-input network needs a fusion other than "none".');
  const fuse = fusions[config.fusion];
  const paths = eachStage(input.slice, (features, stage) => {
    const name = `slice/stage${4 - stage}`;
    let s = reduce(ops, regularise(ops, features, name, stage, config), name, config.decoder[stage], 1);
    s = residualConvUnits(ops, s, `${name}/rcu`, 2); // [n, h, w, c]
    return stage === 0 ? ops.relu(s) : adapt(ops, s, name, 1);
  });
  let p: T | null = null;
  for (const stage of [0, 1, 2, 3] as const) {
    const name = `decoder/stage${4 - stage}`;
    const fused: T = fuse(ops, `${name}/fusion`, {
      s: paths[stage],
      f: context[stage],
      p,
      sliceInContext: input.sliceInContext,
    });
    const next = stage < 3 ? paths[(stage + 1) as 1 | 2 | 3] : null;
    const attends = config.fusion === 'cross-attention' && stage === attendingStage;
    p = refine(
      ops,
      attends ? ops.add(fused, lookAround(ops, name, paths[stage], context[stage], input, config)) : fused,
      name,
      1,
      next === null ? null : { like: next, filters: config.decoder[stage + 1]! },
    );
  }
  const logits = head(ops, p!, config); // [n, h/4, w/4, classes]
  if (!readsPlace(config) || input.sliceInContext === null) return logits;
  const init = config.fusion === 'aligned' ? 'residual' : 'zero';
  return ops.add(logits, contextEvidence(ops, context[3], input.sliceInContext, ops.shape(logits), init));
}

/** Stage of the cross-attention, from the deepest: stride 16. */
const attendingStage = 1;

/** What the slice finds elsewhere in the context, [n, h, w, c]. */
function lookAround<T>(
  ops: Ops<T>,
  name: string,
  s: T,
  f: T,
  { sliceInContext }: Pick<EncodedInput<T>, 'sliceInContext'>,
  { contextFieldUm }: RefineNetConfig,
): T {
  if (sliceInContext === null || contextFieldUm === undefined) {
    throw new Error(
      'Fusion "cross-attention" needs sliceInContext, and contextFieldUm in its configuration.',
    );
  }
  return crossAttention(ops, `${name}/attention`, { s, f, sliceInContext, contextFieldUm });
}

/**
 * What the context alone says about each class at the slice's position, in logits. It is added to the slice's
 * logits, as independent evidence should be. @returns [n, h, w, classes] as `like`
 */
function contextEvidence<T>(
  ops: Ops<T>,
  finest: T,
  sliceInContext: T,
  like: Shape4,
  init: 'residual' | 'zero',
): T {
  const [, height, width, classes] = like;
  const here = ops.cropResize(finest, sliceInContext, height, width); // [n, h, w, c]
  const spec = { filters: classes, kernel: 1, bias: false, init } as const;
  return ops.conv2d(here, 'head/context', spec); // [n, h, w, classes]
}

/** RefineNet with one input: 3×3 convolutions for reduce, adapt and upsampling; a sum in place of fusion. */
function singleDecoder<T>(ops: Ops<T>, slice: Pyramid<T>, config: RefineNetConfig): T {
  const paths = eachStage(slice, (features, stage) => {
    const name = `slice/stage${4 - stage}`;
    let s = reduce(ops, regularise(ops, features, name, stage, config), name, config.decoder[stage], 3);
    s = residualConvUnits(ops, s, `${name}/rcu`, 2);
    return stage === 0 ? ops.relu(s) : adapt(ops, s, name, 3);
  });
  let p: T | null = null;
  for (const stage of [0, 1, 2, 3] as const) {
    const fused: T = p === null ? paths[stage] : ops.add(paths[stage], p);
    const next = stage < 3 ? paths[(stage + 1) as 1 | 2 | 3] : null;
    p = refine(
      ops,
      fused,
      `decoder/stage${4 - stage}`,
      3,
      next === null ? null : { like: next, filters: config.decoder[stage + 1]! },
    );
  }
  return head(ops, p!, config);
}

/** CRP → 3 RCU → convolution to the next stage's channels → bilinear to the next stage's size. */
function refine<T>(
  ops: Ops<T>,
  x: T,
  name: string,
  kernel: number,
  next: { readonly like: T; readonly filters: number } | null,
): T {
  let y = chainedResidualPooling(ops, x, `${name}/crp`);
  y = residualConvUnits(ops, y, `${name}/rcu`, 3); // [n, h, w, c]
  if (next === null) return y;
  const [, height, width] = ops.shape(next.like);
  y = ops.conv2d(y, `${name}/up`, { filters: next.filters, kernel, bias: false, init: 'glorot' });
  return ops.resizeBilinear(y, height, width); // [n, 2h, 2w, c']
}

/** Dropout → 3×3 convolution with bias. */
function head<T>(ops: Ops<T>, x: T, { classes, dropout }: RefineNetConfig): T {
  const y = ops.dropout(x, dropout, 'head/dropout');
  return ops.conv2d(y, 'head/logits', { filters: classes, kernel: 3, bias: true, init: 'glorot' });
}

function reduce<T>(ops: Ops<T>, x: T, name: string, filters: number, kernel: number): T {
  return ops.conv2d(x, `${name}/reduce`, { filters, kernel, bias: false, init: 'glorot' });
}

function adapt<T>(ops: Ops<T>, x: T, name: string, kernel: number): T {
  return ops.conv2d(x, `${name}/adapt`, { filters: ops.shape(x)[3], kernel, bias: false, init: 'glorot' });
}

/** Dropout on the two deepest features of an encoder. */
function regularise<T>(ops: Ops<T>, x: T, name: string, stage: number, config: RefineNetConfig): T {
  return stage < 2 ? ops.dropout(x, config.dropout, `${name}/dropout`) : x;
}

/** RGB 0 to 255 → the range that the encoder's weights expect. */
export function normalise<T>(ops: Ops<T>, image: T, { mean, scale }: Preprocessing): T {
  const shift = mean.map((value, channel) => -value / scale[channel as 0 | 1 | 2]);
  return ops.affine(
    image,
    scale.map((value) => 1 / value),
    shift,
  ); // [n, h, w, 3]
}

/** Maps a pyramid (finest first) to the decoder's order (deepest first). */
function eachStage<T>(pyramid: Pyramid<T>, map: (features: T, stage: 0 | 1 | 2 | 3) => T): Pyramid<T> {
  const [stride4, stride8, stride16, stride32] = pyramid;
  return [map(stride32, 0), map(stride16, 1), map(stride8, 2), map(stride4, 3)];
}
