/** Runs step graphs on ONNX Runtime and keeps what one step hands to the next. */
import type * as Ort from 'onnxruntime-node';
import { ModelError } from '../../runtime/manifest.ts';
import { startFailure } from '../../runtime/native/start-backend.node.ts';
import type { Feed } from './batch-feeds.ts';
import type { StepState } from './step-state.ts';
import type { StepGraph } from './training-step.ts';

export type OrtModule = typeof Ort;

export interface StepSessionOptions {
  /** Threads of the processor; all cores by default. */
  readonly threads?: number;
  /** `cpu` by default. */
  readonly provider?: 'cpu' | 'cuda' | 'webgpu';
  /**
   * Whether ONNX Runtime optimises the graph, as it does by default. Without, a session opens four times as fast
   * and runs a fifth slower: for graphs that run a few times.
   */
  readonly optimise?: boolean;
}

/** @throws ModelError `backend` when there is no ONNX Runtime for this platform. */
export async function loadOrt(): Promise<OrtModule> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw new ModelError(
      'backend',
      'onnxruntime-node',
      'The npm package "onnxruntime-node" is not installed or has no build for this machine; training needs it.',
      'Install it with "npm install onnxruntime-node@1.30.0 --onnxruntime-node-install=skip", on Linux, macOS or Windows.',
      { cause: error },
    );
  }
}

/** One graph, ready to run. */
export class StepSession {
  readonly step: StepGraph;
  readonly #ort: OrtModule;
  readonly #session: Ort.InferenceSession;

  constructor(ort: OrtModule, step: StepGraph, session: Ort.InferenceSession) {
    this.#ort = ort;
    this.step = step;
    this.#session = session;
  }

  /** @throws ModelError `backend` when the provider does not start. */
  static async open(ort: OrtModule, step: StepGraph, options: StepSessionOptions): Promise<StepSession> {
    const { threads, provider = 'cpu', optimise = true } = options;
    try {
      const session = await ort.InferenceSession.create(step.graph.encode(), {
        executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
        ...(threads !== undefined && { intraOpNumThreads: threads }),
        graphOptimizationLevel: optimise ? 'all' : 'disabled',
        logSeverityLevel: 3,
      });
      return new StepSession(ort, step, session);
    } catch (error) {
      throw provider === 'cpu' ? error : startFailure(provider, error);
    }
  }

  /**
   * Runs the graph once. Values of the state are read from it and written to it; all others are fed and returned.
   * @throws Error naming an input that is neither.
   */
  async run(state: StepState, feeds: ReadonlyMap<string, Feed>): Promise<Map<string, Float32Array>> {
    const { graph } = this.step;
    const fed: Record<string, Ort.Tensor> = {};
    for (const { name, shape, type } of graph.inputs) {
      const data = feeds.get(name)?.data ?? state.get(name);
      fed[name] = new this.#ort.Tensor(type as 'float32', data as Float32Array, shape);
    }
    const fetched: Record<string, Ort.Tensor | null> = {};
    for (const { name, value } of graph.outputs) {
      const next = state.next(name);
      fetched[value.name] = next === null ? null : new this.#ort.Tensor('float32', next, value.shape);
    }
    const results = await this.#session.run(fed, fetched);
    const others = new Map<string, Float32Array>();
    for (const { name, value } of graph.outputs) {
      if (state.has(name)) state.swap(name);
      else others.set(name, results[value.name]?.data as Float32Array);
    }
    return others;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
