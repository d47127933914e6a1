/** Losses over pixels and their gradients, as nodes of a graph. Logits are NHWC, the class last. */
import type { Value } from './onnx-graph.ts';
import type { TensorGraph } from './tensor-graph.ts';

export interface LossNodes {
  /** [] */
  readonly loss: Value;
  /** [n, h, w, classes], the loss's gradient by the logits */
  readonly gradient: Value;
}

/** Keeps quotients finite where nothing counts: the numerator is 0 there too. */
const nothing = 1e-12;

/**
 * Cross-entropy of softmax(logits) against one-hot truth, averaged over pixels by their weights.
 * @param logits [n, h, w, classes]
 * @param truth [n, h, w, classes], one-hot times the pixel's weight; all zeros for a pixel that does not count
 */
export function crossEntropy(graph: TensorGraph, logits: Value, truth: Value): LossNodes {
  const p = graph.softmax(logits); // [n, h, w, classes]
  const counted = graph.reduceSum(truth, [3], true); // [n, h, w, 1], the pixel's weight
  const pixels = graph.max(graph.reduceSum(counted, [0, 1, 2, 3]), graph.scalar(nothing)); // [], sum of weights
  const weighted = graph.reduceSum(graph.mul(p, truth), [3], true);
  const likelihood = graph.div(weighted, graph.max(counted, graph.scalar(nothing))); // [n, h, w, 1]
  const log = graph.unary('Log', graph.max(likelihood, graph.scalar(1e-7)));
  const sum = graph.reduceSum(graph.mul(log, counted), [0, 1, 2, 3]);
  return {
    loss: graph.div(graph.unary('Neg', sum), pixels),
    gradient: graph.div(graph.sub(graph.mul(p, counted), truth), pixels),
  };
}

/**
 * Soft Dice loss (Milletari et al. 2016, without squares): 1 minus the mean over classes of
 * (2 Σ p t + 1) / (Σ p + Σ t + 1), over the pixels that count.
 * @param logits [n, h, w, classes]
 * @param truth [n, h, w, classes], as for the cross-entropy; weights other than 0 are equal here
 */
export function diceLoss(graph: TensorGraph, logits: Value, truth: Value): LossNodes {
  const classes = logits.shape[3] ?? 1;
  const one = graph.scalar(1);
  const isClass = graph.greater(truth, graph.scalar(0)); // [n, h, w, classes]
  const counts = graph.reduceMax(isClass, [3], true); // [n, h, w, 1]
  const p = graph.softmax(logits);
  const kept = graph.mul(p, counts); // [n, h, w, classes]
  const overlap = graph.reduceSum(graph.mul(kept, isClass), [0, 1, 2], true); // [1, 1, 1, classes]
  const sizes = graph.add(graph.reduceSum(kept, [0, 1, 2], true), graph.reduceSum(isClass, [0, 1, 2], true));
  const bottom = graph.add(sizes, one);
  const dice = graph.div(graph.add(graph.mul(overlap, graph.scalar(2)), one), bottom);
  const loss = graph.sub(one, graph.reduceMean(dice, [0, 1, 2, 3])); // []
  // ∂loss/∂kept = (dice − 2 isClass) / (classes · bottom)
  const slope = graph.div(
    graph.sub(dice, graph.mul(isClass, graph.scalar(2))),
    graph.mul(bottom, graph.scalar(classes)),
  );
  const byP = graph.mul(slope, counts); // [n, h, w, classes]
  const mean = graph.reduceSum(graph.mul(byP, p), [3], true);
  return { loss, gradient: graph.mul(p, graph.sub(byP, mean)) };
}
