/**
 * Draws samples on a separate thread, ahead of demand, so that reading and decoding cost the computing thread
 * no time.
 */
import { startNodeThread, type NodeThread } from '../base/node-thread.node.ts';
import type { OpenSamples } from './open-samples.ts';
import type { Sample, SampleSource } from './sample.ts';

/** The calls that the sample thread answers. */
export interface SampleApi {
  /** Opens the dataset; progress is a line of text per image. Call once, before `sample`. */
  open(options: OpenSamples): Promise<void>;
  /** Draws a sample. Calls are answered in order. */
  sample(number: number): Promise<Sample>;
}

interface Request {
  readonly promise: Promise<Sample>;
  /** Whether the caller asked for it; otherwise it was drawn ahead. */
  wanted: boolean;
}

export class SampleThread implements SampleSource {
  readonly #requests = new Map<number, Request>();
  readonly #thread: NodeThread<SampleApi>;
  readonly #ahead: number;

  /** Use `start`. */
  constructor(thread: NodeThread<SampleApi>, ahead: number) {
    this.#thread = thread;
    this.#ahead = ahead;
  }

  /**
   * Opens the dataset on the thread.
   * @param ahead samples to draw beyond the requested one; two batches keep the thread busy
   * @param onReading receives a line of text per image that is read
   * @throws WorkerError when the dataset can't be opened or the thread stops.
   */
  static async start(
    open: OpenSamples,
    ahead: number,
    onReading: (text: string) => void,
  ): Promise<SampleThread> {
    const thread = startNodeThread<SampleApi>(
      'sample',
      'Run the command again; it resumes from the last checkpoint.',
    );
    try {
      await thread.rpc.call('open', [open], { onProgress: (text) => onReading(text as string) });
      return new SampleThread(thread, ahead);
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  /** @throws WorkerError when the sample can't be read or the thread stops. */
  sample(number: number): Promise<Sample> {
    for (const [requested, { wanted }] of this.#requests) {
      // Drawn ahead, but the caller has jumped to other numbers.
      if (!wanted && (requested < number || requested > number + this.#ahead)) {
        this.#requests.delete(requested);
      }
    }
    for (let next = number; next <= number + this.#ahead; next++) this.#request(next);
    const request = this.#requests.get(number)!;
    request.wanted = true;
    const forget = (): void => void this.#requests.delete(number);
    void request.promise.then(forget, forget);
    return request.promise;
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  #request(number: number): void {
    if (this.#requests.has(number)) return;
    const promise = this.#thread.rpc.call('sample', [number]);
    promise.catch(() => undefined); // Reported to whoever asks for the sample.
    this.#requests.set(number, { promise, wanted: false });
  }
}
