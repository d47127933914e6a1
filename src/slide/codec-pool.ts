/** Decoders in the browser that are no part of it: a pool of workers for each, which starts with the first tile. */
import { abortReason, onAbort } from '../base/abort.ts';
import { WorkerError } from '../base/error-report.ts';
import { watchHeartbeat } from '../base/heartbeat.ts';
import { connectWorker, type StartedWorker } from '../base/worker-port.ts';

/** The calls that a worker of the pool answers. */
export interface CodecApi<Args extends readonly unknown[], Image> {
  decode(...args: Args): Promise<Image>;
}

interface PoolWorker<Args extends readonly unknown[], Image> extends StartedWorker<CodecApi<Args, Image>> {
  readonly endWatch: () => void;
}

interface Job<Args, Image> {
  readonly args: Args;
  readonly resolve: (image: Image) => void;
  readonly reject: (error: Error) => void;
}

/** Upper limit on workers: each holds a decoder in memory. */
const maxWorkers = 4;

/** Milliseconds without an answer after which a decoder counts as hanging; a tile takes a second at most. */
const deadlineMs = 30_000;

export class CodecPool<Args extends readonly unknown[], Image> {
  readonly #idle: PoolWorker<Args, Image>[] = [];
  /** Workers that are decoding. */
  #busy = 0;
  #queue: Job<Args, Image>[] = [];
  readonly #name: string;
  readonly #start: () => Worker;

  /** @param name of the codec, for messages; @param start starts a worker, which answers `CodecApi`. */
  constructor(name: string, start: () => Worker) {
    this.#name = name;
    this.#start = start;
  }

  /**
   * Decodes a tile. An abort removes a queued tile; a tile that is being decoded is finished and dropped.
   * @throws WorkerError when the stream is damaged or the worker stops; an AbortError.
   */
  decode(args: Args, signal?: AbortSignal): Promise<Image> {
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    return new Promise<Image>((resolve, reject) => {
      const job: Job<Args, Image> = {
        args,
        resolve: (image) => (stopListening(), resolve(image)),
        reject: (error) => (stopListening(), reject(error)),
      };
      const stopListening = onAbort(signal, () => {
        this.#queue = this.#queue.filter((queued) => queued !== job);
        reject(abortReason(signal));
      });
      this.#queue.push(job);
      this.#startJobs();
    });
  }

  #startJobs(): void {
    const limit = Math.max(1, Math.min(maxWorkers, (navigator.hardwareConcurrency || 2) - 1));
    while (this.#queue.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy < limit ? this.#startWorker() : null);
      if (worker === null) return;
      void this.#run(worker, this.#queue.shift()!);
    }
  }

  async #run(worker: PoolWorker<Args, Image>, { args, resolve, reject }: Job<Args, Image>): Promise<void> {
    this.#busy++;
    let isAlive = true;
    try {
      // The compiler does not take apart the type of a function that is not known yet.
      resolve(await worker.rpc.call('decode', args as never));
    } catch (error) {
      isAlive = !(error instanceof WorkerError && error.report.code === 'worker-failed');
      reject(error instanceof Error ? error : new Error(String(error)));
    }
    this.#busy--;
    if (isAlive) this.#idle.push(worker);
    else {
      worker.endWatch();
      worker.terminate(); // The next job starts another.
    }
    this.#startJobs();
  }

  #startWorker(): PoolWorker<Args, Image> {
    const started = connectWorker<CodecApi<Args, Image>>(this.#start(), this.#name);
    const { rpc } = started;
    const endWatch = watchHeartbeat(rpc, {
      deadlineMs,
      onSilent: () =>
        rpc.fail({
          code: 'worker-failed',
          file: '',
          problem: `Decoding was stopped: there was no answer for ${deadlineMs / 1000} seconds.`,
          remedy: '',
        }),
    });
    return { ...started, endWatch };
  }
}
