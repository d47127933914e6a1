/**
 * The training interpreter: running a network with it writes the forward computation into a graph and records how to
 * differentiate it. Maps are NCHW inside; shapes are given as NHWC, as `Ops` wants them.
 */
import { BATCH_NORM_EPSILON, type ConvSpec, type Ops, type PoolSpec, type Shape4 } from '../../model/ops.ts';
import { kernelInitialiser, type Initialiser } from '../../runtime/variables.ts';
import { isEncoderVariable } from '../learning-rates.ts';
import { biasGradient, convolve, inputGradient, kernelGradient } from './convolution.ts';
import { cropResize, maxPool, resize } from './resampling.ts';
import { Tape, Tracked } from './tape.ts';
import type { PackedInput, Value } from './onnx-graph.ts';
import type { TensorGraph } from './tensor-graph.ts';
import { graphShape } from './weight-layout.ts';

/** A variable of the network. */
export interface Parameter {
  readonly name: string;
  /** As in checkpoints; the graph's input has the shape `graphShape` of weight-layout.ts. */
  readonly shape: readonly number[];
  readonly initial: Initialiser;
  readonly trainable: boolean;
  readonly tracked: Tracked;
  /** The graph's input that holds the variable, and where it starts there. */
  readonly slot: Slot;
}

export interface Slot {
  readonly input: string;
  readonly offset: number;
}

/** Inputs that hold all biases and batch norms. */
export const vectorInputs = {
  encoder: 'vectors/encoder',
  decoder: 'vectors/decoder',
  moving: 'vectors/moving',
} as const;

/** A dropout mask that each run feeds under `name`: 0 or 1 / (1 − rate), [n, c, h, w]. */
export interface DropoutMask {
  readonly name: string;
  /** The name that seeds the mask. */
  readonly seed: string;
  readonly rate: number;
  readonly shape: Shape4;
}

/** A batch's statistics in a batch norm. */
export interface NormStatistics {
  /** [c] each; the variance is biased (divided by n, not n − 1). */
  readonly mean: Value;
  readonly variance: Value;
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

/** A feature map, or a convolution that waits for its batch norm to be folded in. */
export class FeatureMap {
  readonly shape: Shape4;
  readonly convolution: Convolution | null;
  readonly #compute: () => Tracked;
  #tracked: Tracked | null = null;

  constructor(shape: Shape4, compute: () => Tracked, convolution: Convolution | null = null) {
    this.shape = shape;
    this.#compute = compute;
    this.convolution = convolution;
  }

  /** [n, c, h, w] */
  get tracked(): Tracked {
    this.#tracked ??= this.#compute();
    return this.#tracked;
  }
}

interface Convolution {
  readonly input: FeatureMap;
  /** [o, c, k, k] */
  readonly kernel: Tracked;
  readonly bias: Tracked | null;
  readonly stride: number;
}

export class DifferentiableOps implements Ops<FeatureMap> {
  readonly tape: Tape;
  readonly parameters = new Map<string, Parameter>();
  readonly masks: DropoutMask[] = [];
  /** By name of the batch norm. */
  readonly statistics = new Map<string, NormStatistics>();
  /** Values marked by `label`. */
  readonly labels = new Map<string, FeatureMap>();
  readonly #graph: TensorGraph;
  readonly #options: DifferentiableOptions;
  readonly #vectors: Readonly<Record<keyof typeof vectorInputs, PackedInput>>;

  constructor(graph: TensorGraph, options: DifferentiableOptions) {
    this.#graph = graph;
    this.tape = new Tape(graph);
    this.#options = options;
    this.#vectors = {
      encoder: graph.packedInput(vectorInputs.encoder),
      decoder: graph.packedInput(vectorInputs.decoder),
      moving: graph.packedInput(vectorInputs.moving),
    };
  }

  /** Completes the inputs once all variables exist. @returns each whole input of `vectorInputs`, [length], or null */
  closeVectors(): Record<keyof typeof vectorInputs, Value | null> {
    const { encoder, decoder, moving } = this.#vectors;
    const graph = this.#graph;
    return { encoder: graph.close(encoder), decoder: graph.close(decoder), moving: graph.close(moving) };
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
    const kernel = this.#parameter(`${name}/kernel`, [side, side, c, filters], initial);
    const bias = spec.bias ? this.#vector(`${name}/bias`, filters, 0) : null;
    const shape: Shape4 = [n, Math.floor((h - 1) / stride) + 1, Math.floor((w - 1) / stride) + 1, filters];
    return this.#convolution(shape, { input: x, kernel, bias, stride });
  }

  upConv2d(x: FeatureMap, name: string, filters: number): FeatureMap {
    const [n, h, w, c] = x.shape;
    const initial: Initialiser = { kind: 'normal', gain: 2, fanIn: c };
    const kernel = this.#parameter(`${name}/kernel`, [2, 2, filters, c], initial);
    const bias = this.#vector(`${name}/bias`, filters, 0);
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
    const gamma = this.#vector(`${name}/gamma`, c, 1);
    const beta = this.#vector(`${name}/beta`, c, 0);
    const mean = this.#vector(`${name}/moving_mean`, c, 0, false);
    const variance = this.#vector(`${name}/moving_variance`, c, 1, false);
    if (this.#options.norm(name) === 'batch') return this.#normByBatch(x, name, gamma, beta);
    const { convolution } = x;
    if (convolution?.bias === null) {
      const [kernel, bias] = this.#folded(convolution.kernel, gamma, beta, mean.value, variance.value);
      return this.#convolution(x.shape, { ...convolution, kernel, bias });
    }
    return this.#normByMoving(x, gamma, beta, mean.value, variance.value);
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

  /** The kernel and bias of a convolution that a batch norm with fixed statistics is folded into. */
  #folded(
    kernel: Tracked,
    gamma: Tracked,
    beta: Tracked,
    mean: Value,
    variance: Value,
  ): [kernel: Tracked, bias: Tracked] {
    const graph = this.#graph;
    const [o = 1] = kernel.value.shape;
    const perFilter = (value: Value): Value => graph.reshape(value, [o, 1, 1, 1]);
    const inverse = this.#inverseDeviation(variance); // [o]
    const scale = graph.mul(gamma.value, inverse); // [o]
    const needsGradient = [kernel, gamma, beta].some((part) => part.needsGradient);
    const folded = new Tracked(graph.mul(kernel.value, perFilter(scale)), needsGradient);
    const bias = new Tracked(graph.sub(beta.value, graph.mul(mean, scale)), needsGradient);
    this.tape.recordAll([folded, bias], ([dKernel, dBias]) => {
      if (dKernel === null || dKernel === undefined || dBias === null || dBias === undefined) return;
      this.tape.pass(kernel, () => graph.mul(dKernel, perFilter(scale)));
      this.tape.pass(gamma, () => {
        const throughKernel = graph.reduceSum(graph.mul(dKernel, kernel.value), [1, 2, 3]);
        return graph.mul(graph.sub(throughKernel, graph.mul(dBias, mean)), inverse);
      });
      this.tape.contribute(beta, dBias);
    });
    return [folded, bias];
  }

  /** A batch norm with fixed statistics after something other than a convolution. */
  #normByMoving(x: FeatureMap, gamma: Tracked, beta: Tracked, mean: Value, variance: Value): FeatureMap {
    const graph = this.#graph;
    const inverse = this.#perChannel(this.#inverseDeviation(variance));
    const normed = graph.mul(graph.sub(x.tracked.value, this.#perChannel(mean)), inverse);
    const scale = this.#perChannel(gamma.value);
    const value = graph.add(graph.mul(normed, scale), this.#perChannel(beta.value));
    const tracked = this.tape.record(value, [x.tracked, gamma, beta], (dy) => {
      this.tape.pass(x.tracked, () => graph.mul(dy, graph.mul(scale, inverse)));
      this.tape.pass(gamma, () => biasGradient(graph, graph.mul(dy, normed)));
      this.tape.pass(beta, () => biasGradient(graph, dy));
    });
    return this.#map(tracked);
  }

  /** The gradient passes through the statistics (Ioffe & Szegedy 2015). */
  #normByBatch(x: FeatureMap, name: string, gamma: Tracked, beta: Tracked): FeatureMap {
    const graph = this.#graph;
    const [n, h, w, c] = x.shape;
    const mean = this.#channelMean(x.tracked.value); // [1, c, 1, 1]
    const centred = graph.sub(x.tracked.value, mean); // [n, c, h, w]
    const variance = this.#channelMean(graph.mul(centred, centred));
    this.statistics.set(name, { mean: graph.reshape(mean, [c]), variance: graph.reshape(variance, [c]) });
    const inverse = this.#inverseDeviation(variance);
    const normed = graph.mul(centred, inverse);
    const scale = this.#perChannel(gamma.value);
    const value = graph.add(graph.mul(normed, scale), this.#perChannel(beta.value));
    const tracked = this.tape.record(value, [x.tracked, gamma, beta], (dy) => {
      const dBeta = biasGradient(graph, dy); // [c]
      const dGamma = biasGradient(graph, graph.mul(dy, normed)); // [c]
      this.tape.contribute(gamma, dGamma);
      this.tape.contribute(beta, dBeta);
      this.tape.pass(x.tracked, () => {
        const share = graph.scalar(1 / (n * h * w));
        const level = this.#perChannel(graph.mul(dBeta, share));
        const slope = this.#perChannel(graph.mul(dGamma, share));
        const rest = graph.sub(graph.sub(dy, level), graph.mul(normed, slope));
        return graph.mul(rest, graph.mul(scale, inverse));
      });
    });
    return this.#map(tracked);
  }

  /** Axis by axis: a sum over all pixels at once loses digits. @returns [1, c, 1, 1] */
  #channelMean(x: Value): Value {
    return [3, 2, 0].reduce((mean, axis) => this.#graph.reduceMean(mean, [axis], true), x);
  }

  #inverseDeviation(variance: Value): Value {
    const graph = this.#graph;
    const deviation = graph.unary('Sqrt', graph.add(variance, graph.scalar(BATCH_NORM_EPSILON)));
    return graph.div(graph.scalar(1), deviation);
  }

  /** [c] → [1, c, 1, 1] */
  #perChannel(value: Value): Value {
    return this.#graph.reshape(value, [1, value.shape[0] ?? 1, 1, 1]);
  }

  #vector(name: string, length: number, value: number, trainable = true): Tracked {
    return this.#parameter(name, [length], { kind: 'constant', value }, trainable);
  }

  #parameter(name: string, shape: readonly number[], initial: Initialiser, trainable = true): Tracked {
    const known = this.parameters.get(name);
    if (known !== undefined) throw new Error(`Variable "${name}" is declared twice.`);
    const trains = trainable && (this.#options.trains?.(name) ?? true);
    const isVector = shape.length === 1;
    const pack = this.#vectors[!trainable ? 'moving' : isEncoderVariable(name) ? 'encoder' : 'decoder'];
    const slot = isVector ? { input: pack.name, offset: pack.length } : { input: name, offset: 0 };
    const value = isVector
      ? this.#graph.take(pack, shape[0] ?? 0)
      : this.#graph.input(name, graphShape(shape));
    const tracked = new Tracked(value, trains);
    this.parameters.set(name, { name, shape, initial, trainable, tracked, slot });
    return tracked;
  }
}
