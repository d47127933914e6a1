/** A network as a list of operations, for runtimes that cannot read our description. */
import { network } from '../../src/model/network.ts';
import type { ConvSpec, Ops, PoolSpec, Shape4 } from '../../src/model/ops.ts';
import type { Preset } from '../../src/model/presets.ts';
import { CostOps } from '../../src/runtime/cost.ts';

/** One operation of `Ops`, by its name there. */
export interface RecordedOperation {
  readonly op: string;
  /** Numbers of the values that it reads. */
  readonly inputs: readonly number[];
  /** Number of its result; shape NHWC. */
  readonly output: number;
  readonly shape: Shape4;
  /** Name of its variables, and its other arguments. */
  readonly [argument: string]: unknown;
}

export interface RecordedConvolution {
  /** NHWC */
  readonly input: Shape4;
  readonly output: Shape4;
  readonly kernel: number;
  readonly stride: number;
}

export interface RecordedNetwork {
  readonly operations: readonly RecordedOperation[];
  readonly convolutions: readonly RecordedConvolution[];
  /** Numbers of the inputs; null for those that the network lacks. */
  readonly inputs: { readonly slice: number; readonly context: number | null; readonly boxes: number | null };
  readonly logits: number;
  /** Multiply-adds of all convolutions for the whole batch. */
  readonly macs: number;
}

interface Recorded {
  readonly number: number;
  readonly shape: Shape4;
}

/** @param samples in a batch */
export function recordNetwork(preset: Preset, samples: number): RecordedNetwork {
  const { slicePx, contextPx, network: config } = preset;
  const ops = new RecordingOps();
  const slice = ops.input([samples, slicePx, slicePx, 3]);
  const context = contextPx === null ? null : ops.input([samples, contextPx, contextPx, 3]);
  const boxes = contextPx === null ? null : ops.input([samples, 1, 1, 4]);
  const logits = network(ops, { slice, context, sliceInContext: boxes }, config);
  return {
    operations: ops.operations,
    convolutions: ops.convolutions,
    inputs: { slice: slice.number, context: context?.number ?? null, boxes: boxes?.number ?? null },
    logits: logits.number,
    macs: ops.macs,
  };
}

/** Records what it is asked to do; shapes come from the cost interpreter. */
class RecordingOps implements Ops<Recorded> {
  readonly operations: RecordedOperation[] = [];
  readonly convolutions: RecordedConvolution[] = [];
  readonly #cost = new CostOps();
  #count = 0;

  get macs(): number {
    return this.#cost.macs;
  }

  input(shape: Shape4): Recorded {
    return { number: this.#count++, shape };
  }

  shape(x: Recorded): Shape4 {
    return x.shape;
  }

  conv2d(x: Recorded, name: string, spec: ConvSpec): Recorded {
    const { kernel, stride = 1, bias } = spec;
    const output = this.#cost.conv2d(x.shape, name, spec);
    this.convolutions.push({ input: x.shape, output, kernel, stride });
    return this.#record('conv2d', [x], output, { name, kernel, stride, bias });
  }

  upConv2d(x: Recorded, name: string, filters: number): Recorded {
    const output = this.#cost.upConv2d(x.shape, name, filters);
    const [n, h, w] = x.shape;
    // Its kernel is as large as its stride: the same products as those of a 1×1 convolution to four times the channels.
    this.convolutions.push({ input: x.shape, output: [n, h, w, 4 * filters], kernel: 1, stride: 1 });
    return this.#record('upConv2d', [x], output, { name });
  }

  batchNorm(x: Recorded, name: string): Recorded {
    return this.#record('batchNorm', [x], this.#cost.batchNorm(x.shape, name), { name });
  }

  relu(x: Recorded): Recorded {
    return this.#record('relu', [x], x.shape);
  }

  sigmoid(x: Recorded): Recorded {
    return this.#record('sigmoid', [x], x.shape);
  }

  add(a: Recorded, b: Recorded): Recorded {
    return this.#record('add', [a, b], this.#cost.add(a.shape, b.shape));
  }

  mul(a: Recorded, b: Recorded): Recorded {
    return this.#record('mul', [a, b], this.#cost.mul(a.shape, b.shape));
  }

  concat(xs: readonly Recorded[]): Recorded {
    return this.#record('concat', xs, this.#cost.concat(xs.map(({ shape }) => shape)));
  }

  maxPool(x: Recorded, spec: PoolSpec): Recorded {
    return this.#record('maxPool', [x], this.#cost.maxPool(x.shape, spec), { ...spec });
  }

  resizeBilinear(x: Recorded, height: number, width: number): Recorded {
    return this.#record('resizeBilinear', [x], this.#cost.resizeBilinear(x.shape, height, width));
  }

  cropResize(x: Recorded, boxes: Recorded, height: number, width: number): Recorded {
    const shape = this.#cost.cropResize(x.shape, boxes.shape, height, width);
    return this.#record('cropResize', [x, boxes], shape);
  }

  withPlaces(x: Recorded, extent: number): Recorded {
    return this.#record('withPlaces', [x], this.#cost.withPlaces(x.shape), { extent });
  }

  attend(queries: Recorded, keys: Recorded, values: Recorded): Recorded {
    const shape = this.#cost.attend(queries.shape, keys.shape, values.shape);
    return this.#record('attend', [queries, keys, values], shape);
  }

  globalMean(x: Recorded): Recorded {
    return this.#record('globalMean', [x], this.#cost.globalMean(x.shape));
  }

  dropout(x: Recorded, rate: number): Recorded {
    return this.#record('dropout', [x], x.shape, { rate });
  }

  affine(x: Recorded, scale: readonly number[], shift: readonly number[]): Recorded {
    return this.#record('affine', [x], x.shape, { scale, shift });
  }

  label(x: Recorded): Recorded {
    return x;
  }

  #record(op: string, inputs: readonly Recorded[], shape: Shape4, args: object = {}): Recorded {
    const output = this.#count++;
    this.operations.push({ ...args, op, inputs: inputs.map(({ number }) => number), output, shape });
    return { number: output, shape };
  }
}
