/** What the runtime reaches in plain products and convolutions: the ceiling of everything else. */
import { encodeModel, type OnnxNode, type OnnxTensor } from '../../src/runtime/onnx/onnx-messages.ts';
import { importOnnxRuntime } from '../../src/runtime/native/native-runtime.node.ts';
import { messageOf } from './inference.ts';
import {
  executionProvider,
  rateOf,
  repeat,
  rounded,
  type CeilingJob,
  type Figures,
  type Surroundings,
} from './job.ts';

/** Operations in a row, so that the transfer of the input and the launch of a run hardly count. */
const inARow = 4;

interface Plain {
  readonly shape: readonly number[];
  readonly weightShape: readonly number[];
  readonly op: 'MatMul' | 'Conv';
  readonly macs: number;
}

export async function measureCeiling(job: CeilingJob, surroundings: Surroundings): Promise<Figures> {
  const figures: Record<string, unknown> = {};
  const cases: [string, Plain][] = job.provider === 'cpu' ? [matMul(1024)] : [matMul(1024), matMul(4096)];
  for (const [batch, channels, side] of [
    [8, 32, 64],
    [8, 64, 32],
    [8, 256, 16],
    [32, 64, 64],
  ] as const) {
    cases.push(conv(batch, channels, side));
  }
  for (const [name, plain] of cases) {
    try {
      figures[name] = await measure(plain, job, surroundings);
    } catch (error) {
      figures[name] = { error: messageOf(error) };
    }
  }
  return figures;
}

function matMul(side: number): [string, Plain] {
  const square = [side, side];
  return [`MatMul ${String(side)}`, { shape: square, weightShape: square, op: 'MatMul', macs: side ** 3 }];
}

function conv(batch: number, channels: number, side: number): [string, Plain] {
  return [
    `Conv 3×3 [${[batch, channels, side, side].join(', ')}]`,
    {
      shape: [batch, channels, side, side],
      weightShape: [channels, channels, 3, 3],
      op: 'Conv',
      macs: batch * side ** 2 * channels ** 2 * 9,
    },
  ];
}

async function measure(plain: Plain, job: CeilingJob, surroundings: Surroundings): Promise<Figures> {
  const ort = await importOnnxRuntime();
  const size = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
  const random = (length: number): Float32Array => Float32Array.from({ length }, () => Math.random() - 0.5);
  const nodes: OnnxNode[] = [];
  let value = 'x';
  for (let i = 0; i < inARow; i++) {
    const next = `y${String(i)}`;
    const attributes =
      plain.op === 'Conv' ? { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } } : {};
    nodes.push({ op: plain.op, inputs: [value, 'weight'], outputs: [next], attributes });
    value = next;
  }
  // Only a number comes back.
  const axes = plain.shape.map((_, axis) => axis);
  nodes.push({
    op: 'ReduceMax',
    inputs: [value, 'axes'],
    outputs: ['z'],
    attributes: { keepdims: { int: 0 } },
  });
  const weight = random(size(plain.weightShape));
  const initializers: OnnxTensor[] = [
    { name: 'weight', type: 'float32', shape: plain.weightShape, data: new Uint8Array(weight.buffer) },
    {
      name: 'axes',
      type: 'int64',
      shape: [axes.length],
      data: new Uint8Array(BigInt64Array.from(axes, BigInt).buffer),
    },
  ];
  const file = encodeModel(
    {
      name: 'ceiling',
      nodes,
      initializers,
      inputs: [{ name: 'x', type: 'float32', shape: plain.shape }],
      outputs: [{ name: 'z', type: 'float32', shape: [] }],
    },
    { opset: 18, producer: 'bench', metadata: {} },
  );
  const session = await ort.InferenceSession.create(file, {
    executionProviders: [executionProvider(job.provider)],
    intraOpNumThreads: surroundings.threads,
    logSeverityLevel: 3,
  });
  const x = new ort.Tensor('float32', random(size(plain.shape)), plain.shape);
  await session.run({ x });
  await session.run({ x });
  const { fastestMs } = await repeat(job.seconds, () => session.run({ x }));
  await session.release();
  return {
    ms: rounded(fastestMs / inARow),
    ...rateOf(inARow * plain.macs, fastestMs, surroundings, job.provider),
  };
}
