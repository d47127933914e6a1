/** JPEG 2000 decoding in the browser by a pool of workers, which starts with the first tile. */
import { abortReason, onAbort } from '../../base/abort.ts';
import { WorkerError } from '../../base/error-report.ts';
import { watchHeartbeat } from '../../base/heartbeat.ts';
import { connectWorker, type StartedWorker } from '../../base/worker-port.ts';
import type { RgbaImage } from '../slide.ts';
import type { Jpeg2000Container } from '../stream-colours.ts';

/** The calls that a worker of the pool answers. */
export interface Jpeg2000Api {
  decode(bytes: Uint8Array<ArrayBuffer>, colours: Jpeg2000Container): Promise<RgbaImage>;
}

interface PoolWorker extends StartedWorker<Jpeg2000Api> {
  readonly endWatch: () => void;
}

interface Job {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly colours: Jpeg2000Container;
  readonly resolve: (image: RgbaImage) => void;
  readonly reject: (error: Error) => void;
}

/** Upper limit on workers: each holds a decoder in memory. */
const maxWorkers = 4;

/** Milliseconds without an answer after which a decoder counts as hanging; a tile takes a second at most. */
const deadlineMs = 30_000;

export class Jpeg2000Pool {
  readonly #idle: PoolWorker[] = [];
  /** Workers that are decoding. */
  #busy = 0;
  #queue: Job[] = [];

  /**
   * Decodes a tile. An abort removes a queued tile; a tile that is being decoded is finished and dropped.
   * @throws WorkerError when the stream is damaged or the worker stops; an AbortError.
   */
  decode(
    bytes: Uint8Array<ArrayBuffer>,
    colours: Jpeg2000Container,
    signal?: AbortSignal,
  ): Promise<RgbaImage> {
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    return new Promise<RgbaImage>((resolve, reject) => {
      const job: Job = {
        bytes,
        colours,
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
      const worker = this.#idle.pop() ?? (this.#busy < limit ? startWorker() : null);
      if (worker === null) return;
      void this.#run(worker, this.#queue.shift()!);
    }
  }

  async #run(worker: PoolWorker, { bytes, colours, resolve, reject }: Job): Promise<void> {
    this.#busy++;
    let isAlive = true;
    try {
      resolve(await worker.rpc.call('decode', [bytes, colours]));
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
}

function startWorker(): PoolWorker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'jpeg2000' });
  const started = connectWorker<Jpeg2000Api>(worker, 'JPEG 2000');
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
