/** Decoding in the browser by a pool of workers, for encodings that browsers do not decode. It starts with the first tile. */
import { abortReason, onAbort } from '../base/abort.ts';
import { WorkerError } from '../base/error-report.ts';
import { watchHeartbeat } from '../base/heartbeat.ts';
import type { RpcClient } from '../base/rpc.ts';
import { connectWorker, type StartedWorker } from '../base/worker-port.ts';

interface PoolWorker<Api> extends StartedWorker<Api> {
  readonly endWatch: () => void;
}

interface Job<Api> {
  /** Settles the caller's promise and rejects with what it rejected that with. */
  readonly run: (rpc: RpcClient<Api>) => Promise<void>;
}

/** Upper limit on workers: each holds a decoder in memory. */
const maxWorkers = 4;

/** Milliseconds without an answer after which a decoder counts as hanging; a tile takes a second at most. */
const deadlineMs = 30_000;

/** @typeParam Api the calls that a worker of the pool answers. */
export class DecoderPool<Api> {
  readonly #idle: PoolWorker<Api>[] = [];
  /** Workers that are decoding. */
  #busy = 0;
  #queue: Job<Api>[] = [];
  readonly #start: () => Worker;
  readonly #name: string;

  /** @param start starts a worker. @param name of the encoding, for messages. */
  constructor(start: () => Worker, name: string) {
    this.#start = start;
    this.#name = name;
  }

  /**
   * Decodes a tile. An abort removes a queued tile; a tile that is being decoded is finished and dropped.
   * @throws WorkerError when the stream is damaged or the worker stops; an AbortError.
   */
  run<T>(decode: (rpc: RpcClient<Api>) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    return new Promise<T>((resolve, reject) => {
      const job: Job<Api> = {
        run: async (rpc) => {
          try {
            const image = await decode(rpc);
            stopListening();
            resolve(image);
          } catch (error) {
            stopListening();
            reject(error instanceof Error ? error : new Error(String(error)));
            throw error;
          }
        },
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

  async #run(worker: PoolWorker<Api>, job: Job<Api>): Promise<void> {
    this.#busy++;
    let isAlive = true;
    try {
      await job.run(worker.rpc);
    } catch (error) {
      isAlive = !(error instanceof WorkerError && error.report.code === 'worker-failed');
    }
    this.#busy--;
    if (isAlive) this.#idle.push(worker);
    else {
      worker.endWatch();
      worker.terminate(); // The next job starts another.
    }
    this.#startJobs();
  }

  #startWorker(): PoolWorker<Api> {
    const started = connectWorker<Api>(this.#start(), this.#name);
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
