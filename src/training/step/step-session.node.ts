/** Runs step graphs on ONNX Runtime and keeps what one step hands to the next. */
import type * as Ort from 'onnxruntime-node';
import { ModelError } from '../../runtime/manifest.ts';
import type { Feed } from './batch-feeds.ts';
import type { StepGraph } from './training-step.ts';
import type { Value } from './tensor-graph.ts';

export type OrtModule = typeof Ort;

export interface StepSessionOptions {
  /** Threads of the processor; all cores by default. */
  readonly threads?: number;
  /** `cpu` by default. */
  readonly provider?: 'cpu' | 'cuda' | 'webgpu';
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

/**
 * Variables and optimiser state by the names of the graphs' inputs. Every value has two buffers: a step reads one and writes
 * the other, since nothing orders reads and writes of one value within a graph.
 */
export class StepState {
  readonly #values = new Map<string, { now: Float32Array; next: Float32Array; shape: readonly number[] }>();

  get names(): Iterable<string> {
    return this.#values.keys();
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The current value; valid until the next step. */
  get(name: string): Float32Array {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`The training step has no "${name}".`);
    return value.now;
  }

  /** @param data is kept, not copied */
  set(name: string, data: Float32Array, shape: readonly number[]): void {
    this.#values.set(name, { now: data, next: new Float32Array(data.length), shape });
  }

  clear(): void {
    this.#values.clear();
  }

  /** Where the next value goes; null for a value that is not part of the state. */
  next(name: string): Float32Array | null {
    return this.#values.get(name)?.next ?? null;
  }

  /** The value just written becomes the current one. */
  swap(name: string): void {
    const value = this.#values.get(name);
    if (value !== undefined) [value.now, value.next] = [value.next, value.now];
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

  static async open(ort: OrtModule, step: StepGraph, options: StepSessionOptions): Promise<StepSession> {
    const { threads, provider = 'cpu' } = options;
    const session = await ort.InferenceSession.create(step.graph.encode(), {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      ...(threads !== undefined && { intraOpNumThreads: threads }),
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
    return new StepSession(ort, step, session);
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
    const results = await this.#session.run(fed, fetched as Record<string, Ort.Tensor>);
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

/** Initial value of what a graph reads and no state holds yet. */
export function zerosOf({ shape }: Value): Float32Array {
  return new Float32Array(shape.reduce((product, side) => product * side, 1));
}
