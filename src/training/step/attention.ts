/** Attention and places with their gradients. Maps are NCHW. */
import { placeChannels, placesOf } from '../../model/places.ts';
import { planesLast } from '../../runtime/onnx/kernel-layout.ts';
import type { Value } from './onnx-graph.ts';
import type { Tape, Tracked } from './tape.ts';

/** See `Ops.withPlaces`. @returns [n, c + 3, h, w] */
export function withPlaces(tape: Tape, x: Tracked, extent: number): Tracked {
  const { graph } = tape;
  const [n = 1, c = 1, h = 1, w = 1] = x.value.shape;
  const places = graph.constant(planesLast(placesOf(h, w, extent), [h, w, 1, placeChannels]), [
    1,
    placeChannels,
    h,
    w,
  ]);
  const value = graph.concat([x.value, graph.expand(places, [n, placeChannels, h, w])], 1);
  return tape.record(value, [x], (dy) => {
    tape.contribute(x, graph.slice(dy, [{ axis: 1, from: 0, count: c }]));
  });
}

/** See `Ops.attend`: with Q [n, c, i], K [n, c, j] and V [n, d, j], A = softmax(Qᵀ K) and V Aᵀ. @returns [n, d, h, w] */
export function attend(tape: Tape, queries: Tracked, keys: Tracked, values: Tracked): Tracked {
  const { graph } = tape;
  const columns = ({ shape: [n = 1, c = 1, h = 1, w = 1] }: Value): [number, number, number] => [n, c, h * w];
  const flipped = (x: Value): Value => graph.transpose(x, [0, 2, 1]);
  const [q, k, v] = [queries, keys, values].map(({ value }) => graph.reshape(value, columns(value))) as [
    Value,
    Value,
    Value,
  ];
  const weights = graph.softmax(graph.matMul(flipped(q), k)); // [n, i, j]
  const found = graph.matMul(v, flipped(weights)); // [n, d, i]
  const [n = 1, , h = 1, w = 1] = queries.value.shape;
  const value = graph.reshape(found, [n, values.value.shape[1] ?? 1, h, w]);
  return tape.record(value, [queries, keys, values], (dy) => {
    const gradient = graph.reshape(dy, columns(dy)); // [n, d, i]
    tape.pass(values, () => graph.reshape(graph.matMul(gradient, weights), values.value.shape));
    if (!queries.needsGradient && !keys.needsGradient) return;
    const byWeights = graph.matMul(flipped(gradient), v); // [n, i, j]
    const mean = graph.reduceSum(graph.mul(weights, byWeights), [2], true);
    const byScores = graph.mul(weights, graph.sub(byWeights, mean));
    tape.pass(queries, () => graph.reshape(graph.matMul(k, flipped(byScores)), queries.value.shape));
    tape.pass(keys, () => graph.reshape(graph.matMul(q, byScores), keys.value.shape));
  });
}
