/** Batch norms and their gradients, as nodes of a graph. Maps are NCHW. */
import { BATCH_NORM_EPSILON } from '../../model/ops.ts';
import { biasGradient } from './convolution.ts';
import type { Value } from './onnx-graph.ts';
import { Tracked, type Tape } from './tape.ts';
import type { TensorGraph } from './tensor-graph.ts';

/** A batch's statistics in a batch norm. */
export interface NormStatistics {
  /** [c] each; the variance is biased (divided by n, not n − 1). */
  readonly mean: Value;
  readonly variance: Value;
}

/** Variables of a batch norm, [c]. */
export interface NormVariables {
  readonly gamma: Tracked;
  readonly beta: Tracked;
  /** The moving statistics. */
  readonly mean: Value;
  readonly variance: Value;
}

/**
 * A convolution's kernel and bias with a batch norm of fixed statistics folded in.
 * @param kernel [o, c, k, k]
 */
export function foldNorm(
  tape: Tape,
  kernel: Tracked,
  { gamma, beta, mean, variance }: NormVariables,
): [kernel: Tracked, bias: Tracked] {
  const { graph } = tape;
  const [o = 1] = kernel.value.shape;
  const perFilter = (value: Value): Value => graph.reshape(value, [o, 1, 1, 1]);
  const inverse = inverseDeviation(graph, variance); // [o]
  const scale = graph.mul(gamma.value, inverse); // [o]
  const needsGradient = [kernel, gamma, beta].some((part) => part.needsGradient);
  const folded = new Tracked(graph.mul(kernel.value, perFilter(scale)), needsGradient);
  const bias = new Tracked(graph.sub(beta.value, graph.mul(mean, scale)), needsGradient);
  tape.recordAll([folded, bias], ([dKernel, dBias]) => {
    if (dKernel === null || dKernel === undefined || dBias === null || dBias === undefined) return;
    tape.pass(kernel, () => graph.mul(dKernel, perFilter(scale)));
    tape.pass(gamma, () => {
      const throughKernel = graph.reduceSum(graph.mul(dKernel, kernel.value), [1, 2, 3]);
      return graph.mul(graph.sub(throughKernel, graph.mul(dBias, mean)), inverse);
    });
    tape.contribute(beta, dBias);
  });
  return [folded, bias];
}

/** With fixed statistics, after something other than a convolution. */
export function normByMoving(tape: Tape, x: Tracked, variables: NormVariables): Tracked {
  const { graph } = tape;
  const { gamma, beta, mean, variance } = variables;
  const inverse = perChannel(graph, inverseDeviation(graph, variance));
  const normed = graph.mul(graph.sub(x.value, perChannel(graph, mean)), inverse);
  const scale = perChannel(graph, gamma.value);
  const value = graph.add(graph.mul(normed, scale), perChannel(graph, beta.value));
  return tape.record(value, [x, gamma, beta], (dy) => {
    tape.pass(x, () => graph.mul(dy, graph.mul(scale, inverse)));
    tape.pass(gamma, () => biasGradient(graph, graph.mul(dy, normed)));
    tape.pass(beta, () => biasGradient(graph, dy));
  });
}

/** With the batch's statistics; the gradient passes through them (Ioffe & Szegedy 2015). */
export function normByBatch(
  tape: Tape,
  x: Tracked,
  { gamma, beta }: Pick<NormVariables, 'gamma' | 'beta'>,
): { readonly result: Tracked; readonly statistics: NormStatistics } {
  const { graph } = tape;
  const [n = 1, c = 1, h = 1, w = 1] = x.value.shape;
  const mean = channelMean(graph, x.value); // [1, c, 1, 1]
  const centred = graph.sub(x.value, mean); // [n, c, h, w]
  const variance = channelMean(graph, graph.mul(centred, centred));
  const inverse = inverseDeviation(graph, variance);
  const factor = graph.mul(perChannel(graph, gamma.value), inverse); // [1, c, 1, 1]
  const value = graph.add(graph.mul(centred, factor), perChannel(graph, beta.value));
  const result = tape.record(value, [x, gamma, beta], (dy) => {
    const dBeta = biasGradient(graph, dy); // [c]
    const dGamma = graph.mul(biasGradient(graph, graph.mul(dy, centred)), graph.reshape(inverse, [c])); // [c]
    tape.contribute(gamma, dGamma);
    tape.contribute(beta, dBeta);
    tape.pass(x, () => {
      // factor · (dy − (dBeta + normed · dGamma) / pixels), with what is the same for a channel multiplied first
      const share = graph.mul(factor, graph.scalar(1 / (n * h * w)));
      const level = graph.mul(share, perChannel(graph, dBeta));
      const slope = graph.mul(graph.mul(share, inverse), perChannel(graph, dGamma));
      return graph.sub(graph.sub(graph.mul(dy, factor), graph.mul(centred, slope)), level);
    });
  });
  const statistics = { mean: graph.reshape(mean, [c]), variance: graph.reshape(variance, [c]) };
  return { result, statistics };
}

/** Image by image: a sum over all pixels at once loses digits. @returns [1, c, 1, 1] */
function channelMean(graph: TensorGraph, x: Value): Value {
  return graph.reduceMean(graph.reduceMean(x, [2, 3], true), [0], true);
}

function inverseDeviation(graph: TensorGraph, variance: Value): Value {
  const deviation = graph.unary('Sqrt', graph.add(variance, graph.scalar(BATCH_NORM_EPSILON)));
  return graph.div(graph.scalar(1), deviation);
}

/** [c] → [1, c, 1, 1] */
function perChannel(graph: TensorGraph, value: Value): Value {
  return graph.reshape(value, [1, value.shape[0] ?? 1, 1, 1]);
}
