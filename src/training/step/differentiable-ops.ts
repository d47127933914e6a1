/**
 * The training interpreter: running a network with it writes the forward computation into a graph and records how to
 * differentiate it. Maps are NCHW inside; shapes are given as NHWC, as `Ops` wants them.
 */
import type { ConvSpec, Ops, PoolSpec, Shape4 } from '../../model/ops.ts';
import { kernelInitialiser, type Initialiser } from '../../runtime/variables.ts';
import { foldNorm, normByBatch, normByMoving, type NormStatistics } from './batch-norm.ts';
import { attend, withPlaces } from './attention.ts';
import { biasGradient, convolve, inputGradient } from './convolution.ts';
import { FeatureMap, type Convolution } from './feature-map.ts';
import { kernelGradient } from './kernel-gradient.ts';
import { NetworkVariables } from './network-variables.ts';
import type { Value } from './onnx-graph.ts';
import { maxPool } from './pooling.ts';
import { cropResize, resize } from './resampling.ts';
import { Tape, Tracked } from './tape.ts';
import type { TensorGraph } from './tensor-graph.ts';

/** A dropout mask that each run feeds under `name`: 0 or 1 / (1 − rate), [n, c, h, w]. */
export interface DropoutMask {
  readonly name: string;
  /** The name that seeds the mask. */
  readonly seed: string;
  readonly rate: number;
  readonly shape: Shape4;
}

export interface DifferentiableOptions {
  /**
   * How the batch norm of that name runs: `frozen` with its moving statistics, folded into the preceding convolution, or
   * `batch` with the batch's statistics.
   */
  readonly norm: (name: string) => 'frozen' | 'batch';
  /** Whether dropout is on. */
  readonly dropout: boolean;
  /** Whether a variable gets a gradient; all do by default. */
  readonly trains?: (variable: string) => boolean;
}

export class DifferentiableOps implements Ops<FeatureMap> {
  readonly tape: Tape;
  readonly variables: NetworkVariables;
  readonly masks: DropoutMask[] = [];
  /** By name of the batch norm. */
  readonly statistics = new Map<string, NormStatistics>();
  /** Values marked by `label`. */
  readonly labels = new Map<string, FeatureMap>();
  readonly #graph: TensorGraph;
  readonly #options: DifferentiableOptions;

  constructor(graph: TensorGraph, options: DifferentiableOptions) {
    this.#graph = graph;
    this.tape = new Tape(graph);
    this.#options = options;
    this.variables = new NetworkVariables(graph, options.trains ?? (() => true));
  }

  /** An image, [n, c, h, w]; gets no gradient. */
  image(value: Value): FeatureMap {
    return this.#map(new Tracked(value, false));
  }

  /** Boxes of `cropResize`, [n, 4]. */
  boxes(value: Value): FeatureMap {
    const tracked = new Tracked(value, false);
    return new FeatureMap([value.shape[0] ?? 1, 1, 1, 4], () => tracked);
  }

  /** A map that gets a gradient, [n, c, h, w]. */
  feature(value: Value): FeatureMap {
    return this.#map(new Tracked(value, true));
  }

  shape(x: FeatureMap): Shape4 {
    return x.shape;
  }

  conv2d(x: FeatureMap, name: string, spec: ConvSpec): FeatureMap {
    const { filters, kernel: side, stride = 1 } = spec;
    const [n, h, w, c] = x.shape;
    const initial = kernelInitialiser(spec, c);
    const kernel = this.variables.kernel(`${name}/kernel`, [side, side, c, filters], initial);
    const bias = spec.bias ? this.variables.vector(`${name}/bias`, filters, 0) : null;
    const shape: Shape4 = [n, Math.floor((h - 1) / stride) + 1, Math.floor((w - 1) / stride) + 1, filters];
    return this.#convolution(shape, { input: x, kernel, bias, stride });
  }

  upConv2d(x: FeatureMap, name: string, filters: number): FeatureMap {
    const [n, h, w, c] = x.shape;
    const initial: Initialiser = { kind: 'normal', gain: 2, fanIn: c };
    const kernel = this.variables.kernel(`${name}/kernel`, [2, 2, filters, c], initial);
    const bias = this.variables.vector(`${name}/bias`, filters, 0);
    const graph = this.#graph;
    // Stride equals the kernel, so every pixel produces a 2 × 2 block: a 1×1 convolution and a shuffle.
    const blocks = graph.reshape(kernel.value, [4 * filters, c, 1, 1]);
    const input = x.tracked;
    const shape = [n, filters, 2 * h, 2 * w];
    const block = { blocksize: { int: 2 }, mode: { string: 'DCR' } };
    const shuffled = graph.node(
      'DepthToSpace',
      [convolve(graph, input.value, blocks, null, 1)],
      shape,
      block,
    );
    const value = graph.add(shuffled, graph.reshape(bias.value, [1, filters, 1, 1]));
    const tracked = this.tape.record(value, [input, kernel, bias], (dy) => {
      const gathered = graph.node('SpaceToDepth', [dy], [n, 4 * filters, h, w], { blocksize: { int: 2 } });
      this.tape.pass(input, () => inputGradient(graph, gathered, blocks, input.value.shape, 1));
      this.tape.pass(kernel, () =>
        graph.reshape(kernelGradient(graph, input.value, gathered, 1, 1), [2, 2, filters, c]),
      );
      this.tape.pass(bias, () => biasGradient(graph, dy));
    });
    return this.#map(tracked);
  }

  batchNorm(x: FeatureMap, name: string): FeatureMap {
    const c = x.shape[3];
    const { variables } = this;
    const gamma = variables.vector(`${name}/gamma`, c, 1);
    const beta = variables.vector(`${name}/beta`, c, 0);
    const { value: mean } = variables.vector(`${name}/moving_mean`, c, 0, false);
    const { value: variance } = variables.vector(`${name}/moving_variance`, c, 1, false);
    if (this.#options.norm(name) === 'batch') {
      const { result, statistics } = normByBatch(this.tape, x.tracked, { gamma, beta });
      this.statistics.set(name, statistics);
      return this.#map(result);
    }
    const norm = { gamma, beta, mean, variance };
    const { convolution } = x;
    if (convolution?.bias === null) {
      const [kernel, bias] = foldNorm(this.tape, convolution.kernel, norm);
      return this.#convolution(x.shape, { ...convolution, kernel, bias });
    }
    return this.#map(normByMoving(this.tape, x.tracked, norm));
  }

  relu(x: FeatureMap): FeatureMap {
    const graph = this.#graph;
    const value = graph.unary('Relu', x.tracked.value);
    const tracked = this.tape.record(value, [x.tracked], (dy) => {
      this.tape.contribute(x.tracked, graph.mul(dy, graph.greater(value, graph.scalar(0))));
    });
    return this.#map(tracked);
  }

  sigmoid(x: FeatureMap): FeatureMap {
    const graph = this.#graph;
    const value = graph.unary('Sigmoid', x.tracked.value);
    const tracked = this.tape.record(value, [x.tracked], (dy) => {
      const slope = graph.mul(value, graph.sub(graph.scalar(1), value));
      this.tape.contribute(x.tracked, graph.mul(dy, slope));
    });
    return this.#map(tracked);
  }

  add(a: FeatureMap, b: FeatureMap): FeatureMap {
    const graph = this.#graph;
    const [left, right] = [a.tracked, b.tracked];
    const tracked = this.tape.record(graph.add(left.value, right.value), [left, right], (dy) => {
      for (const side of [left, right]) this.tape.pass(side, () => graph.reduceTo(dy, side.value.shape));
    });
    return this.#map(tracked);
  }

  mul(a: FeatureMap, b: FeatureMap): FeatureMap {
    const graph = this.#graph;
    const [left, right] = [a.tracked, b.tracked];
    const tracked = this.tape.record(graph.mul(left.value, right.value), [left, right], (dy) => {
      for (const [side, other] of [
        [left, right],
        [right, left],
      ] as const) {
        this.tape.pass(side, () => graph.reduceTo(graph.mul(dy, other.value), side.value.shape));
      }
    });
    return this.#map(tracked);
  }

  concat(xs: readonly FeatureMap[]): FeatureMap {
    const graph = this.#graph;
    const parts = xs.map(({ tracked }) => tracked);
    const value = graph.concat(
      parts.map((part) => part.value),
      1,
    );
    if (parts.length === 1) return xs[0]!;
    const tracked = this.tape.record(value, parts, (dy) => {
      let from = 0;
      for (const part of parts) {
        const count = part.value.shape[1] ?? 1;
        const at = from;
        this.tape.pass(part, () => graph.slice(dy, [{ axis: 1, from: at, count }]));
        from += count;
      }
    });
    return this.#map(tracked);
  }

  maxPool(x: FeatureMap, spec: PoolSpec): FeatureMap {
    return this.#map(maxPool(this.tape, x.tracked, spec));
  }

  resizeBilinear(x: FeatureMap, height: number, width: number): FeatureMap {
    return this.#map(resize(this.tape, x.tracked, height, width));
  }

  cropResize(x: FeatureMap, boxes: FeatureMap, height: number, width: number): FeatureMap {
    return this.#map(cropResize(this.tape, x.tracked, boxes.tracked.value, height, width));
  }

  withPlaces(x: FeatureMap, extent: number): FeatureMap {
    return this.#map(withPlaces(this.tape, x.tracked, extent));
  }

  attend(queries: FeatureMap, keys: FeatureMap, values: FeatureMap): FeatureMap {
    return this.#map(attend(this.tape, queries.tracked, keys.tracked, values.tracked));
  }

  globalMean(x: FeatureMap): FeatureMap {
    const graph = this.#graph;
    const [, h, w] = x.shape;
    const value = graph.reduceMean(x.tracked.value, [2, 3], true);
    const tracked = this.tape.record(value, [x.tracked], (dy) => {
      const share = graph.mul(dy, graph.scalar(1 / (h * w)));
      this.tape.contribute(x.tracked, graph.expand(share, x.tracked.value.shape));
    });
    return this.#map(tracked);
  }

  dropout(x: FeatureMap, rate: number, seed: string): FeatureMap {
    if (!this.#options.dropout) return x;
    const graph = this.#graph;
    const name = `mask/${seed}`;
    const mask = graph.input(name, x.tracked.value.shape);
    this.masks.push({ name, seed, rate, shape: x.shape });
    const tracked = this.tape.record(graph.mul(x.tracked.value, mask), [x.tracked], (dy) => {
      this.tape.contribute(x.tracked, graph.mul(dy, mask));
    });
    return this.#map(tracked);
  }

  affine(x: FeatureMap, scale: readonly number[], shift: readonly number[]): FeatureMap {
    const graph = this.#graph;
    const plane = (values: readonly number[]): Value =>
      graph.constant(Float32Array.from(values), [1, values.length, 1, 1]);
    const factors = plane(scale);
    const value = graph.add(graph.mul(x.tracked.value, factors), plane(shift));
    const tracked = this.tape.record(value, [x.tracked], (dy) => {
      this.tape.contribute(x.tracked, graph.mul(dy, factors));
    });
    return this.#map(tracked);
  }

  label(x: FeatureMap, name: string): FeatureMap {
    this.labels.set(name, x);
    return x;
  }

  #map(tracked: Tracked): FeatureMap {
    const [n = 1, c = 1, h = 1, w = 1] = tracked.value.shape;
    return new FeatureMap([n, h, w, c], () => tracked);
  }

  #convolution(shape: Shape4, convolution: Convolution): FeatureMap {
    const graph = this.#graph;
    const { kernel, bias, stride } = convolution;
    const [, , side = 1] = kernel.value.shape;
    const compute = (): Tracked => {
      const input = convolution.input.tracked;
      const value = convolve(graph, input.value, kernel.value, bias?.value ?? null, stride);
      const args = bias === null ? [input, kernel] : [input, kernel, bias];
      return this.tape.record(value, args, (dy) => {
        this.tape.pass(kernel, () => kernelGradient(graph, input.value, dy, side, stride));
        if (bias !== null) this.tape.pass(bias, () => biasGradient(graph, dy));
        this.tape.pass(input, () => inputGradient(graph, dy, kernel.value, input.value.shape, stride));
      });
    };
    return new FeatureMap(shape, compute, convolution);
  }
}
