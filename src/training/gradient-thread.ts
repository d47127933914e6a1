/**
 * Data-parallel training: more threads hold the same network and compute parts of each batch. All threads
 * share the memory of weights and gradients; only the samples are sent.
 */
import { startNodeThread, type NodeThread } from '../base/node-thread.node.ts';
import type { Preset } from '../model/presets.ts';
import type { WeightArray, Weights } from '../runtime/variables.ts';
import type { BatchGradient, BatchPart, LossConfig } from './network-gradient.ts';
import type { Sample } from './sample.ts';

/** Position of a variable in the shared memory, in float32 values. */
export interface SharedVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** What a thread needs before its first part. */
export interface GradientSetup {
  readonly preset: Preset;
  readonly config: LossConfig;
  readonly layout: readonly SharedVariable[];
  /** Trainable weights, read before every part. */
  readonly weights: SharedArrayBuffer;
  /** Gradients of the last part. */
  readonly gradients: SharedArrayBuffer;
  /** Initial moving statistics. */
  readonly statistics: Weights;
}

/** The calls that a gradient thread answers. */
export interface GradientApi {
  /** Builds the network. Call once, before `compute`. */
  start(setup: GradientSetup): Promise<void>;
  /** Computes one part. Writes its gradients to the shared memory. */
  compute(
    samples: readonly Sample[],
    dropoutSeed: number,
  ): Promise<{ readonly loss: number; readonly statistics: Weights }>;
}

interface GradientWorker {
  readonly thread: NodeThread<GradientApi>;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** Weights in shared memory, and the threads that read them. */
export class GradientThreads {
  /** The trainable weights. Threads see changes at their next part. */
  readonly weights: ReadonlyMap<string, WeightArray>;
  readonly #workers: readonly GradientWorker[];

  /** Use `start`. */
  constructor(weights: ReadonlyMap<string, WeightArray>, workers: readonly GradientWorker[]) {
    this.weights = weights;
    this.#workers = workers;
  }

  /**
   * @param count threads besides the caller's
   * @param variables of the network at the start, including moving statistics
   * @param isTrainable by name
   * @throws WorkerError when a thread does not start.
   */
  static async start(
    count: number,
    preset: Preset,
    config: LossConfig,
    variables: Weights,
    isTrainable: (name: string) => boolean,
  ): Promise<GradientThreads> {
    const layout: SharedVariable[] = [];
    let size = 0;
    for (const [name, { shape, data }] of variables) {
      if (!isTrainable(name)) continue;
      layout.push({ name, shape, offset: size, length: data.length });
      size += data.length;
    }
    const buffer = (): SharedArrayBuffer => new SharedArrayBuffer(size * 4);
    const weights = buffer();
    const views = viewsOf(layout, weights);
    for (const [name, view] of views) view.data.set(variables.get(name)!.data);
    const statistics = new Map([...variables].filter(([name]) => !isTrainable(name)));
    const threads = Array.from({ length: count }, () =>
      startNodeThread<GradientApi>('gradient', 'Run the command again; it resumes from the last checkpoint.'),
    );
    try {
      const workers = await Promise.all(
        threads.map(async (thread): Promise<GradientWorker> => {
          const gradients = buffer();
          await thread.rpc.call('start', [{ preset, config, layout, weights, gradients, statistics }]);
          const data = [...viewsOf(layout, gradients)].map(([name, view]) => [name, view.data] as const);
          return { thread, gradients: new Map(data) };
        }),
      );
      return new GradientThreads(views, workers);
    } catch (error) {
      await Promise.all(threads.map((thread) => thread.close()));
      throw error;
    }
  }

  /** Threads besides the caller's. */
  get count(): number {
    return this.#workers.length;
  }

  /**
   * Computes a part on thread `index`. The gradients are the thread's memory: they are valid until its next
   * part.
   * @throws WorkerError when the computation fails or the thread stops.
   */
  async compute(
    index: number,
    { items, dropoutSeed }: BatchPart<Sample>,
  ): Promise<BatchGradient & { statistics: Weights }> {
    const { thread, gradients } = this.#workers[index]!;
    const { loss, statistics } = await thread.rpc.call('compute', [items, dropoutSeed]);
    return { loss, gradients, statistics };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ thread }) => thread.close()));
  }
}

/** The variables as views of shared memory. */
export function viewsOf(
  layout: readonly SharedVariable[],
  memory: SharedArrayBuffer,
): Map<string, WeightArray> {
  return new Map(
    layout.map(({ name, shape, offset, length }) => [
      name,
      { shape, data: new Float32Array(memory, offset * 4, length) },
    ]),
  );
}
