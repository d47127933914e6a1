/**
 * Copies of state between this process and the provider that computes. ONNX Runtime in Node has no call for either, but a
 * graph that only passes values on does it: it is fed from one side, and returns to the other.
 */
import type * as Ort from 'onnxruntime-node';
import type { StepState } from './step-state.ts';
import { TensorGraph } from './tensor-graph.ts';

/** Opens a session for a graph. @param toProvider whether its outputs stay in the provider's memory */
export type OpenTransfer = (graph: TensorGraph, toProvider: boolean) => Promise<Ort.InferenceSession>;

/** What transfers need of ONNX Runtime. */
export interface TransferRuntime {
  readonly Tensor: typeof Ort.Tensor;
  readonly open: OpenTransfer;
}

/** A graph that returns its inputs, under the names `next/…`. */
function passOn(state: StepState, names: readonly string[]): TensorGraph {
  const graph = new TensorGraph();
  for (const name of names) graph.output(name, graph.input(name, state.shape(name)));
  return graph;
}

/**
 * Copies values to the provider's memory.
 * @returns the session, which owns the memory: close it after the state has been cleared.
 */
export async function sendState(
  state: StepState,
  names: readonly string[],
  { Tensor, open }: TransferRuntime,
): Promise<Ort.InferenceSession> {
  const graph = passOn(state, names);
  const session = await open(graph, true);
  const results = await session.run(
    Object.fromEntries(
      names.map((name) => [name, new Tensor('float32', state.get(name), state.shape(name))]),
    ),
  );
  for (const { name, value } of graph.outputs) state.copied(name, results[value.name]!);
  return session;
}

/** Reads values back that are only in the provider's memory. Sessions stay open, since the same values are read again. */
export class StateReader {
  readonly #runtime: TransferRuntime;
  readonly #sessions = new Map<string, Promise<Ort.InferenceSession>>();

  constructor(runtime: TransferRuntime) {
    this.#runtime = runtime;
  }

  async read(state: StepState): Promise<void> {
    const names = state.unread;
    if (names.length === 0) return;
    const graph = passOn(state, names);
    const key = names.join('\n');
    const opening = this.#sessions.get(key) ?? this.#runtime.open(graph, false);
    this.#sessions.set(key, opening);
    const session = await opening;
    const fed = Object.fromEntries(names.map((name) => [name, state.kept(name)!]));
    const fetched = Object.fromEntries(
      graph.outputs.map(({ name, value }) => [
        value.name,
        new this.#runtime.Tensor('float32', state.spare(name)!, value.shape),
      ]),
    );
    await session.run(fed, fetched);
    for (const name of names) state.read(name);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }
}
