/**
 * Data-parallel training: further threads that hold the same network and compute parts of each batch. Weights and
 * gradients lie in memory that all threads see; what is sent are the samples.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Preset } from '../model/presets.ts';
import type { WeightArray, Weights } from '../runtime/variables.ts';
import type { BatchPart } from './batch-parts.ts';
import type { BatchGradient, LossConfig } from './network-gradient.ts';
import type { Sample } from './sample.ts';

/** Where a variable lies in the shared memory, in numbers. */
export interface SharedVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** What a thread is started with. */
export interface GradientThreadData {
  readonly preset: Preset;
  readonly config: LossConfig;
  readonly layout: readonly SharedVariable[];
  /** Trainable weights, read before every part. */
  readonly weights: SharedArrayBuffer;
  /** Gradients of the last part. */
  readonly gradients: SharedArrayBuffer;
  /** Moving statistics at the start. */
  readonly statistics: Weights;
}

export interface GradientTask {
  readonly samples: readonly Sample[];
  readonly dropoutSeed: number;
}

export type GradientAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly loss: number; readonly statistics: Weights }
  | { readonly kind: 'failed'; readonly message: string };

interface Thread {
  readonly worker: Worker;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** Weights in shared memory, and the threads that read them. */
export class GradientThreads {
  private constructor(
    /** The trainable weights: whoever changes them changes what the threads see. */
    readonly weights: ReadonlyMap<string, WeightArray>,
    private readonly threads: readonly Thread[],
  ) {}

  /**
   * @param variables of the network at the start, moving statistics among them
   * @param isTrainable by name
   * @throws Error when a thread does not start.
   */
  static async start(
    count: number,
    preset: Preset,
    config: LossConfig,
    variables: Weights,
    isTrainable: (name: string) => boolean,
  ): Promise<GradientThreads> {
    const layout: SharedVariable[] = [];
    let numbers = 0;
    for (const [name, { shape, data }] of variables) {
      if (!isTrainable(name)) continue;
      layout.push({ name, shape, offset: numbers, length: data.length });
      numbers += data.length;
    }
    const buffer = (): SharedArrayBuffer => new SharedArrayBuffer(numbers * 4);
    const weights = buffer();
    const views = viewsOf(layout, weights);
    for (const [name, view] of views) view.data.set(variables.get(name)!.data);
    const statistics = new Map([...variables].filter(([name]) => !isTrainable(name)));
    const threads = await Promise.all(
      Array.from({ length: count }, async (): Promise<Thread> => {
        const gradients = buffer();
        const workerData: GradientThreadData = { preset, config, layout, weights, gradients, statistics };
        const worker = new Worker(new URL('../../bin/gradient-thread.mjs', import.meta.url), { workerData });
        await answerOf(worker);
        return {
          worker,
          gradients: new Map([...viewsOf(layout, gradients)].map(([name, { data }]) => [name, data])),
        };
      }),
    );
    return new GradientThreads(views, threads);
  }

  /** How many there are beside the caller's own. */
  get count(): number {
    return this.threads.length;
  }

  /**
   * Starts a part on thread `index`. The gradients are the thread's own memory: they hold until its next part.
   * @throws Error with the message of what went wrong there.
   */
  async compute(
    index: number,
    { items, dropoutSeed }: BatchPart<Sample>,
  ): Promise<BatchGradient & { statistics: Weights }> {
    const { worker, gradients } = this.threads[index]!;
    const task: GradientTask = { samples: items, dropoutSeed };
    worker.postMessage(task);
    const answer = await answerOf(worker);
    if (answer.kind !== 'done') throw new Error('The thread answered out of turn.');
    return { loss: answer.loss, gradients, statistics: answer.statistics };
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
  }
}

async function answerOf(worker: Worker): Promise<GradientAnswer> {
  const [answer] = (await once(worker, 'message')) as [GradientAnswer];
  if (answer.kind === 'failed') throw new Error(answer.message);
  return answer;
}

/** The variables as views of one piece of memory. */
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
