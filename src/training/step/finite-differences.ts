/**
 * For tests: results and gradients of the training interpreter on ONNX Runtime against `NaiveOps` in double precision, whose
 * gradients are central differences.
 */
import { BATCH_NORM_EPSILON, type Ops, type Shape4 } from '../../model/ops.ts';
import { NaiveOps, type NaiveMap, type NaiveWeights } from '../../model/naive-ops.ts';
import { mulberry32 } from '../../runtime/variables.ts';
import type { Feed } from './batch-feeds.ts';
import { DifferentiableOps, type FeatureMap } from './differentiable-ops.ts';
import { loadOrt, StepSession } from './step-session.node.ts';
import { StepState } from './step-state.ts';
import { StepVariables } from './step-variables.ts';
import { sizeOf } from './shapes.ts';
import { TensorGraph } from './tensor-graph.ts';
import { fromGraphLayout } from './weight-layout.ts';

/** An argument of an operation: what gets a gradient unless it is an image or boxes. */
export interface OperationInput {
  /** `feature` by default. */
  readonly kind?: 'feature' | 'image' | 'boxes';
  /** NHWC */
  readonly shape: Shape4;
  /** In the order of `shape`; drawn at random by default. */
  readonly values?: readonly number[];
}

/** A computation to check. Its variables are named after it and drawn at random. */
export interface OperationCase {
  readonly inputs: readonly OperationInput[];
  /** @param name prefix of the variables */
  readonly compute: <T>(ops: Ops<T>, inputs: readonly T[], name: string) => T;
  /** Half the distance between the points of a central difference; 1e-3 by default. */
  readonly step?: number;
}

/** Of one tensor: the largest deviation over the largest of the expected values. */
export interface TensorError {
  readonly tensor: string;
  readonly error: number;
}

/** Gradients of larger tensors are checked at this many elements. */
const checkedElements = 40;

/** Batch norms whose names contain this run with the batch's statistics. */
export const byBatch = 'by-batch';

/** All cases in one graph that has run once. */
export class CheckedOperations {
  readonly #cases: Readonly<Record<string, OperationCase>>;
  readonly #results: ReadonlyMap<string, Float32Array>;
  /** As fed, channels last. */
  readonly #inputs: ReadonlyMap<string, NaiveMap>;
  readonly #weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float64Array }>;
  readonly #masks: ReadonlyMap<string, NaiveMap>;

  constructor(
    cases: Readonly<Record<string, OperationCase>>,
    results: ReadonlyMap<string, Float32Array>,
    given: Given,
  ) {
    this.#cases = cases;
    this.#results = results;
    this.#inputs = given.inputs;
    this.#weights = given.weights;
    this.#masks = given.masks;
  }

  static async run(cases: Readonly<Record<string, OperationCase>>): Promise<CheckedOperations> {
    const graph = new TensorGraph();
    const ops = new DifferentiableOps(graph, {
      norm: (name) => (name.includes(byBatch) ? 'batch' : 'frozen'),
      dropout: true,
    });
    const random = mulberry32(5);
    const given: Given = { inputs: new Map(), weights: new Map(), masks: new Map() };
    const feeds = new Map<string, Feed>();
    const features = new Map<string, FeatureMap>();
    for (const [name, { inputs, compute }] of Object.entries(cases)) {
      const maps = inputs.map(({ kind = 'feature', shape, values }, index) => {
        const key = inputName(name, index);
        const map = { shape, values: Float64Array.from(values ?? draw(random, sizeOf(shape)), Math.fround) };
        given.inputs.set(key, map);
        const fed = kind === 'boxes' ? [shape[0], 4] : channelsFirst(shape);
        const data = kind === 'boxes' ? Float32Array.from(map.values) : toChannelsFirst(map);
        feeds.set(key, { data, shape: fed });
        const feature = ops[kind](graph.input(key, fed));
        if (kind === 'feature') features.set(key, feature);
        return feature;
      });
      const result = compute(ops, maps, name);
      graph.output(`${name}/result`, result.tracked.value);
      const seed = {
        shape: result.shape,
        // Not around 0, so that sums over pixels do not cancel.
        values: Float64Array.from(draw(random, sizeOf(result.shape)), (value) =>
          Math.fround(0.25 + 0.75 * value),
        ),
      };
      given.inputs.set(seedName(name), seed);
      feeds.set(seedName(name), { data: toChannelsFirst(seed), shape: channelsFirst(result.shape) });
      ops.tape.contribute(result.tracked, graph.input(seedName(name), channelsFirst(result.shape)));
    }
    ops.closeVectors();
    ops.tape.backward();
    const state = new StepState();
    const variables = new StepVariables(ops.parameters, state);
    for (const [key, { tracked }] of features) graph.output(gradientName(key), ops.tape.gradient(tracked)!);
    for (const { name, shape, tracked } of ops.parameters.values()) {
      const values = draw(random, sizeOf(shape)).map((value) =>
        name.endsWith('variance') ? Math.abs(value) : value,
      );
      const data = Float32Array.from(values);
      given.weights.set(name, { shape, data: Float64Array.from(data) });
      variables.write(name, { shape, data });
      const gradient = ops.tape.gradient(tracked);
      if (gradient !== null) graph.output(gradientName(name), gradient);
    }
    for (const { name, seed, rate, shape } of ops.masks) {
      const values = Float64Array.from({ length: sizeOf(shape) }, () =>
        random() < rate ? 0 : 1 / (1 - rate),
      );
      given.masks.set(seed, { shape, values });
      feeds.set(name, { data: toChannelsFirst({ shape, values }), shape: channelsFirst(shape) });
    }
    const step = {
      graph,
      parameters: ops.parameters,
      masks: ops.masks,
      contextTruths: new Map<string, number>(),
    };
    const session = await StepSession.open(await loadOrt(), step, { threads: 1, optimise: false });
    const results = await session.run(state, feeds);
    await session.close();
    return new CheckedOperations(cases, results, given);
  }

  /** The gradient of an input, or of a variable without its case's name, channels last. */
  gradient(name: string, of: number | string): Float32Array {
    if (typeof of === 'string') {
      const key = `${name}/${of}`;
      return fromGraphLayout(this.#result(gradientName(key)), this.#weights.get(key)!.shape).data;
    }
    const key = inputName(name, of);
    return toChannelsLast(this.#result(gradientName(key)), this.#inputs.get(key)!.shape);
  }

  /** What the result's gradient is seeded with, channels last. */
  seed(name: string): Float64Array {
    return this.#inputs.get(seedName(name))!.values;
  }

  /** The result's error, then those of the gradients of all features and trained variables. */
  errors(name: string): TensorError[] {
    const { inputs, compute, step = 1e-3 } = this.#cases[name]!;
    const ops = new TrainingNaiveOps(this.#weights, this.#masks);
    const maps = inputs.map((_, index) => this.#inputs.get(inputName(name, index))!);
    const evaluate = (): NaiveMap => compute<NaiveMap>(ops, maps, name);
    const expected = evaluate();
    const found = toChannelsLast(this.#result(`${name}/result`), expected.shape);
    const errors = [{ tensor: 'result', error: errorOf(found, expected.values) }];
    const check = (tensor: string, gradient: Float32Array, values: Float64Array): void => {
      const elements = chosen(values.length);
      const slopes = elements.map((element) => this.#slope(name, values, element, step, evaluate));
      const error = errorOf(
        Float32Array.from(elements, (element) => gradient[element]!),
        slopes,
      );
      errors.push({ tensor, error });
    };
    inputs.forEach(({ kind = 'feature' }, index) => {
      if (kind === 'feature')
        check(`input ${String(index)}`, this.gradient(name, index), maps[index]!.values);
    });
    for (const [key, { data }] of this.#weights) {
      if (!key.startsWith(`${name}/`) || key.includes('/moving_')) continue;
      const variable = key.slice(name.length + 1);
      check(variable, this.gradient(name, variable), data);
    }
    return errors;
  }

  /** The derivative of Σ seed · result by one element. */
  #slope(
    name: string,
    values: Float64Array,
    element: number,
    step: number,
    evaluate: () => NaiveMap,
  ): number {
    const seed = this.seed(name);
    const value = values[element]!;
    const at = (shift: number): Float64Array => {
      values[element] = value + shift;
      return evaluate().values;
    };
    const [above, below] = [at(step), at(-step)];
    values[element] = value;
    // Differences first: most elements of the result do not change, and cancel without rounding.
    return seed.reduce((sum, weight, i) => sum + weight * (above[i]! - below[i]!), 0) / (2 * step);
  }

  #result(name: string): Float32Array {
    const result = this.#results.get(name);
    if (result === undefined) throw new Error(`The graph has no output "${name}".`);
    return result;
  }
}

interface Given {
  readonly inputs: Map<string, NaiveMap>;
  readonly weights: Map<string, { readonly shape: readonly number[]; readonly data: Float64Array }>;
  readonly masks: Map<string, NaiveMap>;
}

/** The naive operations as they are in training: dropout by a mask, and batch norms by the batch where asked for. */
class TrainingNaiveOps extends NaiveOps {
  readonly #weights: NaiveWeights;
  readonly #masks: ReadonlyMap<string, NaiveMap>;

  constructor(weights: NaiveWeights, masks: ReadonlyMap<string, NaiveMap>) {
    super(weights);
    this.#weights = weights;
    this.#masks = masks;
  }

  override batchNorm(x: NaiveMap, name: string): NaiveMap {
    if (!name.includes(byBatch)) return super.batchNorm(x, name);
    const gamma = this.#weights.get(`${name}/gamma`)!.data;
    const beta = this.#weights.get(`${name}/beta`)!.data;
    const { shape } = x;
    const channels = shape[3];
    const values = new Float64Array(x.values.length);
    for (let c = 0; c < channels; c++) {
      const own = x.values.filter((_, i) => i % channels === c);
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length;
      own.forEach((value, i) => {
        const normed = (value - mean) / Math.sqrt(variance + BATCH_NORM_EPSILON);
        values[i * channels + c] = gamma[c]! * normed + beta[c]!;
      });
    }
    return { shape, values };
  }

  override dropout(x: NaiveMap, _rate = 0, name = ''): NaiveMap {
    return this.mul(x, this.#masks.get(name)!);
  }
}

function inputName(name: string, index: number): string {
  return `${name}/input ${String(index)}`;
}

function seedName(name: string): string {
  return `${name}/seed`;
}

function gradientName(key: string): string {
  return `gradient of ${key}`;
}

/** Distinct values from −1 to 1, in steps that are large against those of central differences, none of them 0. */
function draw(random: () => number, count: number): number[] {
  const values = Array.from({ length: count }, (_, i) => (2 * i + 1) / count - 1 + (count % 2) / (2 * count));
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}

/** Elements to check of a tensor with `length` of them: all, or some with the first and the last. */
function chosen(length: number): number[] {
  if (length <= checkedElements) return Array.from({ length }, (_, i) => i);
  const random = mulberry32(length);
  const elements = Array.from({ length: checkedElements - 2 }, () => Math.floor(random() * length));
  return [0, ...elements, length - 1];
}

function errorOf(found: Float32Array, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  let [deviation, largest] = [0, 1e-12];
  found.forEach((value, i) => {
    const error = Math.abs(value - expected[i]!);
    if (!(error <= deviation)) deviation = error; // NaN counts.
    largest = Math.max(largest, Math.abs(expected[i]!));
  });
  return deviation / largest;
}

function channelsFirst([n, h, w, c]: Shape4): Shape4 {
  return [n, c, h, w];
}

function toChannelsFirst({ shape: [n, h, w, c], values }: NaiveMap): Float32Array {
  const plane = h * w;
  return Float32Array.from({ length: n * c * plane }, (_, i) => {
    const [image, channel, pixel] = [Math.floor(i / (c * plane)), Math.floor(i / plane) % c, i % plane];
    return values[(image * plane + pixel) * c + channel]!;
  });
}

function toChannelsLast(values: Float32Array, [n, h, w, c]: Shape4): Float32Array {
  const plane = h * w;
  return Float32Array.from({ length: n * c * plane }, (_, i) => {
    const [image, pixel, channel] = [Math.floor(i / (c * plane)), Math.floor(i / c) % plane, i % c];
    return values[(image * c + channel) * plane + pixel]!;
  });
}
