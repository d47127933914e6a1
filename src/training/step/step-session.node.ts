/** Runs step graphs on ONNX Runtime and keeps what one step hands to the next. */
import type * as Ort from 'onnxruntime-node';
import { ModelError } from '../../runtime/manifest.ts';
import { startFailure } from '../../runtime/native/start-backend.node.ts';
import type { Feed } from './batch-feeds.ts';
import type { StepState } from './step-state.ts';
import { sendState, type TransferRuntime } from './state-transfer.node.ts';
import type { TensorGraph } from './tensor-graph.ts';
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
  /**
   * Whether state stays in the provider's memory from step to step, as it does by default with `webgpu`. With `cuda` it
   * can't: ONNX Runtime in Node has no tensors in CUDA's memory.
   */
  readonly resident?: boolean;
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

/** The part of ONNX Runtime that copies state to and from the memory of the provider of `options`. */
export function transferRuntime(ort: OrtModule, options: StepSessionOptions): TransferRuntime {
  return {
    Tensor: ort.Tensor,
    // Optimised, nothing would be left of a graph that passes values on.
    open: (graph, toProvider) =>
      openSession(ort, graph, { ...options, optimise: false }, toProvider ? locationOf(options) : 'cpu'),
  };
}

/** One graph, ready to run. */
export class StepSession {
  readonly step: StepGraph;
  readonly #ort: OrtModule;
  readonly #session: Ort.InferenceSession;
  readonly #resident: boolean;
  readonly #transfers: TransferRuntime;
  /** They own the memory that they copied state to. */
  readonly #copies: Ort.InferenceSession[] = [];

  /** Use `open`. */
  constructor(ort: OrtModule, step: StepGraph, session: Ort.InferenceSession, options: StepSessionOptions) {
    this.#ort = ort;
    this.step = step;
    this.#session = session;
    this.#resident = isResident(options);
    this.#transfers = transferRuntime(ort, options);
  }

  /** @throws ModelError `backend` when the provider does not start. */
  static async open(ort: OrtModule, step: StepGraph, options: StepSessionOptions): Promise<StepSession> {
    const { provider = 'cpu' } = options;
    const { graph } = step;
    const state = new Set(graph.inputs.map(({ name }) => name));
    const locations = graph.outputs.map(
      ({ name, value }) => [value.name, state.has(name) ? locationOf(options) : 'cpu'] as const,
    );
    const output = isResident(options) ? Object.fromEntries(locations) : null;
    try {
      return new StepSession(ort, step, await openSession(ort, graph, options, output), options);
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
    if (this.#resident) await this.#send(state);
    const fed: Record<string, Ort.Tensor> = {};
    for (const { name, shape, type } of graph.inputs) {
      const feed = feeds.get(name)?.data;
      const kept = feed === undefined && state.has(name) ? state.kept(name) : null;
      const data = feed ?? (kept === null ? state.get(name) : null);
      fed[name] = kept ?? new this.#ort.Tensor(type as 'float32', data as Float32Array, shape);
    }
    const fetched: Record<string, Ort.Tensor | null> = {};
    for (const { name, value } of graph.outputs) {
      const next = this.#resident ? null : state.spare(name);
      fetched[value.name] = next === null ? null : new this.#ort.Tensor('float32', next, value.shape);
    }
    const results = await this.#session.run(fed, fetched);
    const others = new Map<string, Float32Array>();
    for (const { name, value } of graph.outputs) {
      const result = results[value.name]!;
      if (!state.has(name)) others.set(name, result.data as Float32Array);
      else if (this.#resident) state.advance(name, result);
      else state.swap(name);
    }
    return others;
  }

  /** Call it after the state has been cleared, since the state may be in memory of this session. */
  async close(): Promise<void> {
    for (const session of [this.#session, ...this.#copies]) await session.release();
  }

  /** Copies what the graph reads to the provider's memory, unless it is there. */
  async #send(state: StepState): Promise<void> {
    const absent = this.step.graph.inputs.flatMap(({ name }) =>
      state.has(name) && state.kept(name) === null ? [name] : [],
    );
    if (absent.length > 0) this.#copies.push(await sendState(state, absent, this.#transfers));
  }
}

/** Whether state stays in the provider's memory. */
export function isResident({
  provider = 'cpu',
  resident = provider === 'webgpu',
}: StepSessionOptions): boolean {
  return resident;
}

/** Where the provider keeps its tensors, as ONNX Runtime names it. */
function locationOf({ provider }: StepSessionOptions): 'cpu' | 'gpu-buffer' {
  return provider === 'webgpu' ? 'gpu-buffer' : 'cpu';
}

/** @param output where outputs go; null for this process's memory */
function openSession(
  ort: OrtModule,
  graph: TensorGraph,
  { threads, provider = 'cpu', optimise = true }: StepSessionOptions,
  output: NonNullable<Ort.InferenceSession.SessionOptions['preferredOutputLocation']> | null,
): Promise<Ort.InferenceSession> {
  return ort.InferenceSession.create(graph.encode(), {
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    graphOptimizationLevel: optimise ? 'all' : 'disabled',
    ...(output !== null && { preferredOutputLocation: output }),
    logSeverityLevel: 3,
  });
}
