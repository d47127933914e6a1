/**
 * A training step as one ONNX graph: forward computation, loss, backward computation, and the optimiser's update. The network
 * comes from the same description as everywhere else, read by `DifferentiableOps`.
 *
 * That is for graphics cards. On the processor the graph ends with the gradients, and `ProcessorUpdate` does the rest.
 *
 * With `accumulate`, a batch is computed in parts: each part by a gradient graph, which adds to the gradients of the parts
 * before it, then one update graph.
 */
import { network, networkOfFeatures, readsContext, readsPlace } from '../../model/network.ts';
import type { Preset } from '../../model/presets.ts';
import type { FirstStages, Pyramid } from '../../model/resnet.ts';
import { encodedMaps, featureName, frozenFeatures } from '../encoded-sample.ts';
import type { TrainingConfig } from '../training-config.ts';
import { isFrozenVariable } from '../learning-rates.ts';
import { DifferentiableOps, type DropoutMask } from './differentiable-ops.ts';
import type { FeatureMap } from './feature-map.ts';
import { crossEntropy, diceLoss } from './loss-graph.ts';
import { groupOf, isKernelInput, packNames, type Parameter } from './network-variables.ts';
import { clipped, OptimiserGraph } from './optimiser-graph.ts';
import type { GraphTarget, Value } from './onnx-graph.ts';
import { sizeOf } from './shapes.ts';
import { TensorGraph } from './tensor-graph.ts';

/** The part of a configuration that a step depends on. */
export type StepConfig = Pick<
  TrainingConfig,
  | 'seed'
  | 'batchNorm'
  | 'contextLoss'
  | 'contextClassWeights'
  | 'classWeights'
  | 'dice'
  | 'optimiser'
  | 'freezeEncoders'
  | 'clipNorm'
  | 'averageWeights'
>;

/** How much of a moving statistic remains at each step. */
const movingAverage = 0.95;

/** Names of the inputs other than variables, states, masks and scalars. */
export const stepInputs = {
  /** uint8 [n, slicePx, slicePx, 3] */
  slice: 'slice',
  /** uint8 [n, contextPx, contextPx, 3] */
  context: 'context',
  /** [n, 4], see `Ops.cropResize` */
  boxes: 'boxes',
  /** [n, h, w, classes] at the logits' size */
  truth: 'truth',
  /** Share of the part in its batch, [] */
  share: 'share',
  /** How much of the fed gradients counts, []: 0 for the first part of a batch, then 1 */
  keep: 'keep',
} as const;

/** The truth of the auxiliary loss at a stage of the context path, [n, h, w, classes]. */
export function contextTruthName(label: string): string {
  return `truth/${label}`;
}

/** Prefix of the gradients that parts of a batch add up. */
export const gradientPrefix = 'gradient/';
/** Prefix of the weights' moving averages. */
export const averagePrefix = 'average/';

export interface StepGraph {
  readonly graph: TensorGraph;
  /** Variables by name; empty for an update graph. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly masks: readonly DropoutMask[];
  /** Sides of the truths of the auxiliary loss, by label. */
  readonly contextTruths: ReadonlyMap<string, number>;
}

/**
 * - `step`: everything; returns the loss and the new variables and states.
 * - `gradient`: returns the loss, the moving statistics and the gradients, added to those fed.
 * - `backward`: returns the loss, the moving statistics and the gradients alone, for `ProcessorUpdate`.
 *
 *   They read images or, where the encoders are frozen and have run before, their features.
 * - `features`: the frozen stages of the encoders alone; returns the maps of `encodedMaps`.
 * - `statistics`: the forward computation alone, in which the batch norms that `calibrates` names take their statistics from
 *   the batch; returns those.
 */
export type StepKind =
  | { readonly kind: 'step' | 'gradient' | 'backward'; readonly reads?: 'images' | 'features' }
  | { readonly kind: 'features' }
  | { readonly kind: 'statistics'; readonly calibrates: (norm: string) => boolean };

/**
 * @param samples number of samples in the batch or part
 * @param target the provider that will run it
 */
export function trainingStep(
  preset: Preset,
  config: StepConfig,
  samples: number,
  work: StepKind,
  target: GraphTarget = 'cpu',
): StepGraph {
  const graph = new TensorGraph(target);
  const norm =
    work.kind === 'statistics'
      ? (name: string) => (work.calibrates(name) ? ('batch' as const) : ('frozen' as const))
      : () => config.batchNorm;
  const ops = new DifferentiableOps(graph, {
    norm,
    dropout: work.kind !== 'statistics',
    trains: (name) => !isFrozenVariable(name, config.freezeEncoders),
  });
  if (work.kind === 'features') {
    writeFeatures(ops, preset, config, samples);
    ops.variables.close();
    return { graph, parameters: ops.variables.parameters, masks: ops.masks, contextTruths: new Map() };
  }
  const readsFeatures = work.kind !== 'statistics' && work.reads === 'features';
  const logits = readsFeatures
    ? forwardFromFeatures(ops, preset, config, samples)
    : forward(ops, preset, samples);
  const contextTruths = new Map<string, number>();
  const total = loss(ops, logits, preset, config, contextTruths);
  ops.variables.close();
  writeStatistics(ops, work.kind === 'statistics' ? 0 : movingAverage);
  if (work.kind === 'statistics')
    return { graph, parameters: ops.variables.parameters, masks: ops.masks, contextTruths };
  ops.tape.backward();
  graph.output('loss', total);
  const trained = trainedTensors(ops);
  if (work.kind === 'gradient') {
    const share = graph.input(stepInputs.share, []);
    const keep = graph.input(stepInputs.keep, []);
    for (const { name, gradient } of trained) {
      const before = graph.mul(graph.input(gradientPrefix + name, gradient.shape), keep);
      graph.output(gradientPrefix + name, graph.add(before, graph.mul(gradient, share)));
    }
  } else if (work.kind === 'backward') {
    for (const { name, gradient } of trained) graph.output(gradientPrefix + name, gradient);
  } else {
    writeUpdates(graph, config, trained);
  }
  return { graph, parameters: ops.variables.parameters, masks: ops.masks, contextTruths };
}

/** The update alone, from the gradients of a whole batch that a gradient graph has added up. */
export function updateStep(
  config: StepConfig,
  gradientStep: StepGraph,
  target: GraphTarget = 'cpu',
): StepGraph {
  const graph = new TensorGraph(target);
  const trained = gradientStep.graph.outputs.flatMap(({ name: output, value }): TrainedTensor[] => {
    if (!output.startsWith(gradientPrefix)) return [];
    const name = output.slice(gradientPrefix.length);
    const gradient = graph.input(output, value.shape);
    return [{ name, weight: graph.input(name, value.shape), gradient }];
  });
  writeUpdates(graph, config, trained);
  return { graph, parameters: new Map(), masks: [], contextTruths: new Map() };
}

/** A large kernel, or an input that others share. */
interface TrainedTensor {
  readonly name: string;
  readonly weight: Value;
  readonly gradient: Value;
}

function trainedTensors({ variables, tape }: DifferentiableOps): TrainedTensor[] {
  const { graph } = tape;
  const gradientOf = ({ tracked }: Parameter): Value =>
    tape.gradient(tracked) ?? graph.zeros(tracked.value.shape);
  const byInput = new Map<string, Parameter[]>();
  for (const parameter of variables.parameters.values()) {
    const { input } = parameter.slot;
    byInput.set(input, [...(byInput.get(input) ?? []), parameter]);
  }
  return [...byInput].flatMap(([name, parts]): TrainedTensor[] => {
    const [first] = parts;
    if (first === undefined || !parts.some(({ tracked }) => tracked.needsGradient)) return [];
    const whole = variables.packs.get(name);
    if (whole === undefined) return [{ name, weight: first.tracked.value, gradient: gradientOf(first) }];
    const flat = (gradient: Value): Value => graph.reshape(gradient, [sizeOf(gradient.shape)]);
    const gradient = graph.concat(
      parts.map((part) => flat(gradientOf(part))),
      0,
    );
    return [{ name, weight: whole, gradient }];
  });
}

function writeUpdates(graph: TensorGraph, config: StepConfig, trained: readonly TrainedTensor[]): void {
  const optimiser = new OptimiserGraph(graph, config);
  const raw = trained.map(({ gradient }) => gradient);
  const gradients = config.clipNorm === undefined ? raw : clipped(graph, raw, config.clipNorm);
  trained.forEach(({ name, weight }, index) => {
    const isKernel = isKernelInput(name);
    const update = optimiser.update(name, weight, gradients[index]!, groupOf(name), isKernel);
    graph.output(name, update.weight);
    for (const [part, value] of update.state) graph.output(part, value);
    if (config.averageWeights === undefined) return;
    const average = graph.input(averagePrefix + name, weight.shape);
    const step = graph.mul(graph.sub(update.weight, average), graph.scalar(1 - config.averageWeights));
    graph.output(averagePrefix + name, graph.add(average, step));
  });
}

/** @returns the network's logits */
function forward(ops: DifferentiableOps, preset: Preset, samples: number): FeatureMap {
  const { slicePx, contextPx, network: config } = preset;
  const input = {
    slice: imageInput(ops, stepInputs.slice, samples, slicePx),
    context: contextPx === null ? null : imageInput(ops, stepInputs.context, samples, contextPx),
    sliceInContext: boxesInput(ops, preset, samples),
  };
  return network(ops, input, config);
}

/** As `forward`, but the features of the encoders' frozen stages are inputs; gradients stop there. */
function forwardFromFeatures(
  ops: DifferentiableOps,
  preset: Preset,
  config: StepConfig,
  samples: number,
): FeatureMap {
  const { graph } = ops.tape;
  const inputs = encodedMaps(preset, config).map(({ name, encoder, channels, height, width }) => ({
    encoder,
    map: ops.image(graph.input(name, [samples, channels, height, width])),
  }));
  const stages = (which: 'slice' | 'context'): Pyramid<FeatureMap> | FirstStages<FeatureMap> | null => {
    const [a, b, c, d] = inputs.filter(({ encoder }) => encoder === which).map(({ map }) => map);
    if (a === undefined || b === undefined || c === undefined) return null;
    return d === undefined ? [a, b, c] : [a, b, c, d];
  };
  const slice = stages('slice');
  if (slice === null) throw new Error('An encoder has features of three strides or four.');
  const sliceInContext = boxesInput(ops, preset, samples);
  return networkOfFeatures(ops, { slice, context: stages('context'), sliceInContext }, preset.network);
}

/** The encoders' features of a batch, as `encodedMaps` names them. */
function writeFeatures(
  ops: DifferentiableOps,
  { slicePx, contextPx, network: config }: Preset,
  frozen: StepConfig,
  samples: number,
): void {
  const features = frozenFeatures(frozen);
  const write = (which: 'slice' | 'context', side: number): void => {
    const image = imageInput(ops, stepInputs[which], samples, side);
    features(ops, image, which, config).forEach((map, stage) => {
      ops.tape.graph.output(featureName(which, stage), map.tracked.value);
    });
  };
  // The context first, as in the whole network: that is the order of the variables in their common inputs.
  if (contextPx !== null && readsContext(config)) write('context', contextPx);
  write('slice', slicePx);
}

/** @returns [n, side, side, 3], 0 to 255 */
function imageInput(ops: DifferentiableOps, name: string, samples: number, side: number): FeatureMap {
  const { graph } = ops.tape;
  const bytes = graph.input(name, [samples, side, side, 3], 'uint8');
  return ops.image(graph.transpose(graph.cast(bytes, 'float32'), [0, 3, 1, 2]));
}

function boxesInput(
  ops: DifferentiableOps,
  { contextPx, network: config }: Preset,
  samples: number,
): FeatureMap | null {
  if (contextPx === null || !readsPlace(config)) return null;
  return ops.boxes(ops.tape.graph.input(stepInputs.boxes, [samples, 4]));
}

/** Loss of the slices plus the weighted loss of the contexts; seeds the backward computation. @returns [] */
function loss(
  ops: DifferentiableOps,
  logits: FeatureMap,
  preset: Preset,
  { dice = 0, contextLoss }: StepConfig,
  contextTruths: Map<string, number>,
): Value {
  const { graph } = ops.tape;
  const terms: Value[] = [];
  /** Adds a weighted term. */
  const add = (of: FeatureMap, term: typeof crossEntropy, truth: Value, weight: number): void => {
    const { loss: value, gradient } = term(graph, graph.transpose(of.tracked.value, [0, 2, 3, 1]), truth);
    const scaled = (x: Value): Value => (weight === 1 ? x : graph.mul(x, graph.scalar(weight)));
    terms.push(scaled(value));
    ops.tape.contribute(of.tracked, graph.transpose(scaled(gradient), [0, 3, 1, 2]));
  };
  const truth = graph.input(stepInputs.truth, logits.shape);
  add(logits, crossEntropy, truth, 1);
  if (dice > 0) add(logits, diceLoss, truth, dice);
  if (preset.contextPx !== null && contextLoss > 0) {
    const { classes } = preset.network;
    for (const [label, features] of ops.labels) {
      const head = { filters: classes, kernel: 1, bias: true, init: 'glorot' } as const;
      const guess = ops.conv2d(features, `auxiliary/${label}`, head); // [n, h, w, classes]
      contextTruths.set(label, guess.shape[1]);
      const contextTruth = graph.input(contextTruthName(label), guess.shape);
      add(guess, crossEntropy, contextTruth, contextLoss / ops.labels.size);
    }
  }
  return graph.sum(terms);
}

/**
 * Moves the moving statistics towards the batch's, where batch norms use those.
 * @param keep how much of a moving statistic remains, 0 to 1
 */
function writeStatistics(ops: DifferentiableOps, keep: number): void {
  if (ops.statistics.size === 0) return;
  for (const pack of [packNames.moving, packNames.frozen.moving]) writeMoved(ops, pack, keep);
}

/** Those of one shared input. */
function writeMoved(ops: DifferentiableOps, pack: string, keep: number): void {
  const { graph } = ops.tape;
  const moved = [...ops.variables.parameters.values()].flatMap(({ name, slot, tracked }) => {
    if (slot.input !== pack) return [];
    const [, norm = '', part = ''] = /^(.*)\/moving_(mean|variance)$/.exec(name) ?? [];
    const now = ops.statistics.get(norm)?.[part as 'mean' | 'variance'];
    if (now === undefined) return [tracked.value];
    if (keep === 0) return [now];
    const kept = graph.mul(tracked.value, graph.scalar(keep));
    return [graph.add(kept, graph.mul(now, graph.scalar(1 - keep)))];
  });
  if (moved.length > 0) graph.output(pack, graph.concat(moved, 0));
}
