/**
 * Runs an exported graph by calling the backend's kernels one after the other. What `GraphModel.execute` does
 * in addition (looking values up by name, parsing attributes, wrapping and tracking every value as a tensor)
 * costs more than many kernels of a small network: docs/performance.md has the figures. The kernels are the
 * same, so results are the same, bit for bit.
 */
import {
  engine,
  getKernel,
  type KernelBackend,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { kernelStep, type KernelStep } from './graph-steps.ts';
import type { TopologyNode } from './node-attributes.ts';

/** A step whose values are indices into a list. */
interface CompiledStep {
  readonly kernel: KernelFunc;
  readonly reads: readonly number[];
  readonly inputs: KernelStep['inputs'];
  readonly attributes: NamedAttrMap;
  readonly writes: number;
  /** Values that no later step reads. */
  readonly frees: readonly number[];
}

/** Everything needed to compute certain outputs from certain inputs on a certain backend. */
interface Program {
  readonly backend: KernelBackend;
  readonly steps: readonly CompiledStep[];
  /** Constants at their indices; the other values are filled in during a run. */
  readonly values: readonly (TensorInfo | null)[];
  readonly feeds: readonly { readonly name: string; readonly place: number }[];
  readonly outputs: readonly number[];
}

export class GraphExecutor {
  readonly #programs = new Map<string, Program | null>();
  readonly #steps: ReadonlyMap<string, KernelStep>;
  readonly #constants: ReadonlyMap<string, Tensor>;

  private constructor(steps: ReadonlyMap<string, KernelStep>, constants: ReadonlyMap<string, Tensor>) {
    this.#steps = steps;
    this.#constants = constants;
  }

  /**
   * @param nodes of the graph's topology.
   * @param constants values of its `Const` nodes; the caller keeps ownership.
   * @returns null when the graph has an unknown operation.
   */
  static of(
    nodes: readonly TopologyNode[],
    constants: Readonly<Record<string, readonly Tensor[]>>,
  ): GraphExecutor | null {
    const values = new Map<string, Tensor>();
    for (const [name, [value]] of Object.entries(constants)) if (value !== undefined) values.set(name, value);
    const steps = new Map<string, KernelStep>();
    for (const node of nodes) {
      if (node.op === 'Placeholder' || values.has(node.name)) continue;
      const step = kernelStep(node, (name) => Array.from(values.get(name)?.dataSync() ?? []));
      if (step === null) return null;
      steps.set(node.name, step);
    }
    return new GraphExecutor(steps, values);
  }

  /**
   * @param feeds values by node name: inputs of the graph, or any inner nodes. The caller keeps ownership.
   * @returns one tensor per output, owned by the caller; null when the current backend lacks one of the
   * kernels.
   * @throws Error when an output cannot be computed from the feeds; any error of a kernel.
   */
  execute(feeds: NamedTensorMap, outputs: readonly string[]): Tensor[] | null {
    const program = this.#program(Object.keys(feeds), outputs);
    if (program === null) return null;
    const { backend, steps } = program;
    const values = [...program.values];
    for (const { name, place } of program.feeds) values[place] = feeds[name] ?? null;
    let next = 0;
    try {
      for (; next < steps.length; next++) {
        const step = steps[next]!;
        const read = step.reads.map((place) => values[place]!);
        const result = step.kernel({ inputs: step.inputs(read), attrs: step.attributes, backend });
        values[step.writes] = result as TensorInfo;
        for (const place of step.frees) {
          backend.disposeData(values[place]!.dataId);
          values[place] = null;
        }
      }
    } catch (error) {
      for (const { writes } of steps.slice(0, next)) {
        const value = values[writes];
        if (value != null) backend.disposeData(value.dataId);
      }
      throw error;
    }
    return program.outputs.map((place) => engine().makeTensorFromTensorInfo(values[place]!, backend));
  }

  #program(feeds: readonly string[], outputs: readonly string[]): Program | null {
    const key = `${engine().backendName} ${feeds.join(' ')} > ${outputs.join(' ')}`;
    const known = this.#programs.get(key);
    if (known !== undefined && (known === null || known.backend === engine().backend)) return known;
    const program = this.#compile(feeds, outputs);
    this.#programs.set(key, program);
    return program;
  }

  #compile(feeds: readonly string[], outputs: readonly string[]): Program | null {
    const order = this.#order(new Set(feeds), outputs);
    const lastReader = new Map<string, KernelStep>();
    for (const step of order) for (const name of step.reads) lastReader.set(name, step);
    const computed = new Set(order.map(({ name }) => name));
    const kept = new Set(outputs);
    const places = new Map<string, number>();
    const values: (TensorInfo | null)[] = [];
    const placeOf = (name: string): number => {
      const known = places.get(name);
      if (known !== undefined) return known;
      places.set(name, values.length);
      values.push(this.#constants.get(name) ?? null);
      return values.length - 1;
    };
    const steps: CompiledStep[] = [];
    for (const step of order) {
      const kernel = getKernel(step.kernel, engine().backendName);
      if (kernel === undefined) return null;
      steps.push({
        kernel: kernel.kernelFunc,
        reads: step.reads.map(placeOf),
        inputs: step.inputs,
        attributes: step.attributes,
        writes: placeOf(step.name),
        frees: [...new Set(step.reads)]
          .filter((name) => lastReader.get(name) === step && computed.has(name) && !kept.has(name))
          .map(placeOf),
      });
    }
    return {
      backend: engine().backend,
      steps,
      feeds: feeds.map((name) => ({ name, place: placeOf(name) })),
      outputs: outputs.map(placeOf),
      values,
    };
  }

  /** The steps that the outputs need, each after its inputs. */
  #order(feeds: ReadonlySet<string>, outputs: readonly string[]): KernelStep[] {
    const order: KernelStep[] = [];
    const seen = new Set<string>();
    // An explicit stack: recursion would go as deep as the network, which may have over a hundred layers.
    const stack = outputs.map((name) => ({ name, read: false }));
    while (stack.length > 0) {
      const top = stack.pop()!;
      const { name } = top;
      const step = this.#steps.get(name);
      if (top.read) {
        if (step !== undefined) order.push(step);
        continue;
      }
      if (seen.has(name) || feeds.has(name) || this.#constants.has(name)) continue;
      seen.add(name);
      if (step === undefined) throw new Error(`The graph's "${name}" was not given and cannot be computed.`);
      stack.push({ name, read: true });
      for (const input of step.reads) stack.push({ name: input, read: false });
    }
    return order;
  }
}
