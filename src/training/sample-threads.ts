/**
 * Draws samples on threads of their own, ahead of demand, so that reading and decoding cost the computing thread no time. A
 * sample depends on its number only, so any thread may draw it.
 */
import { startNodeThread, type NodeThread } from '../base/node-thread.node.ts';
import type { LabelledImage } from './labelled-image.ts';
import type { OpenSamples } from './open-samples.ts';
import type { Sample, SampleSource } from './sample.ts';

/** The calls that a sample thread answers. */
export interface SampleApi {
  /**
   * Opens the dataset; progress is a line of text per image. Call once, before `sample`.
   * @param images of a thread that has read them
   * @returns the images, whose memory threads share; null when samples are read from slides.
   */
  open(
    options: OpenSamples,
    images: readonly LabelledImage[] | null,
  ): Promise<readonly LabelledImage[] | null>;
  /** Draws a sample. Calls of a thread are answered in order. */
  sample(number: number): Promise<Sample>;
}

interface Request {
  readonly promise: Promise<Sample>;
  /** Whether the caller asked for it; otherwise it was drawn ahead. */
  wanted: boolean;
}

export class SampleThreads implements SampleSource {
  readonly #requests = new Map<number, Request>();
  readonly #threads: readonly NodeThread<SampleApi>[];
  readonly #ahead: number;

  /** Use `start`. */
  constructor(threads: readonly NodeThread<SampleApi>[], ahead: number) {
    this.#threads = threads;
    this.#ahead = ahead;
  }

  /**
   * Opens the dataset on the threads: the first reads it, the others share its images.
   * @param count threads
   * @param ahead samples to draw beyond the requested one; two batches keep the threads busy
   * @param onReading receives a line of text per image that is read
   * @throws WorkerError when the dataset can't be opened or a thread stops.
   */
  static async start(
    open: OpenSamples,
    count: number,
    ahead: number,
    onReading: (text: string) => void,
  ): Promise<SampleThreads> {
    const remedy = 'Run the command again; it resumes from the last checkpoint.';
    const threads = Array.from({ length: count }, () => startNodeThread<SampleApi>('sample', remedy));
    const samples = new SampleThreads(threads, ahead);
    try {
      const [first, ...others] = threads;
      const onProgress = (text: unknown): void => onReading(text as string);
      const images = (await first?.rpc.call('open', [open, null], { onProgress })) ?? null;
      await Promise.all(others.map(({ rpc }) => rpc.call('open', [open, images])));
      return samples;
    } catch (error) {
      await samples.close();
      throw error;
    }
  }

  /** @throws WorkerError when the sample can't be read or its thread stops. */
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
    for (const thread of this.#threads) await thread.close();
  }

  #request(number: number): void {
    if (this.#requests.has(number)) return;
    const thread = this.#threads[number % this.#threads.length]!;
    const promise = thread.rpc.call('sample', [number]);
    promise.catch(() => undefined); // Reported to whoever asks for the sample.
    this.#requests.set(number, { promise, wanted: false });
  }
}
