/** All convolutions of a network, each on an input of its own, in ONNX Runtime: the rate that a training step is held against. */
import type * as Ort from 'onnxruntime-node';
import { loadOrt } from '../../src/training/step/step-session.node.ts';
import { TensorGraph } from '../../src/training/step/tensor-graph.ts';
import { timed, type Times } from './peer.ts';
import type { RecordedConvolution } from './recorded-network.ts';

export class PlainConvolutions {
  readonly #session: Ort.InferenceSession;
  readonly #feeds: Readonly<Record<string, Ort.Tensor>>;
  /** Written by every run: allocating them is not what is measured. */
  readonly #results: Readonly<Record<string, Ort.Tensor>>;

  constructor(
    session: Ort.InferenceSession,
    feeds: Readonly<Record<string, Ort.Tensor>>,
    results: Readonly<Record<string, Ort.Tensor>>,
  ) {
    this.#session = session;
    this.#feeds = feeds;
    this.#results = results;
  }

  static async open(
    convolutions: readonly RecordedConvolution[],
    threads: number,
  ): Promise<PlainConvolutions> {
    const ort = await loadOrt();
    const graph = new TensorGraph();
    convolutions.forEach(
      ({ input: [n, h, w, c], output: [, height, width, filters], kernel, stride }, index) => {
        const pad = (kernel - 1) / 2;
        const x = graph.input(`x${String(index)}`, [n, c, h, w]);
        const shape = [filters, c, kernel, kernel];
        const k = graph.constant(new Float32Array(filters * c * kernel * kernel).fill(0.01), shape);
        const y = graph.node('Conv', [x, k], [n, filters, height, width], {
          kernel_shape: { ints: [kernel, kernel] },
          strides: { ints: [stride, stride] },
          pads: { ints: [pad, pad, pad, pad] },
        });
        graph.output(`y${String(index)}`, y);
      },
    );
    const session = await ort.InferenceSession.create(graph.encode(), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'all',
    });
    const tensor = ({ shape }: { readonly shape: readonly number[] }): Ort.Tensor => {
      const length = shape.reduce((product, side) => product * side, 1);
      return new ort.Tensor('float32', new Float32Array(length).fill(0.5), shape);
    };
    const feeds = Object.fromEntries(graph.inputs.map((input) => [input.name, tensor(input)]));
    const results = Object.fromEntries(graph.outputs.map(({ value }) => [value.name, tensor(value)]));
    return new PlainConvolutions(session, feeds, results);
  }

  /** Runs each convolution once. */
  async run(): Promise<Times> {
    return timed(() => this.#session.run(this.#feeds, this.#results));
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
